# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 Sampling
#
# **How far can temperature, top-k and guidance be changed before clips get worse?**
#
# Every combination of three settings, with the same prompts and random numbers. Quality is how well clips fit their
# prompts, and diversity the effective number of different clips in a set; failures are counted by kind.

# %% tags=["parameters"]
MODEL = "tiny"  # or "facebook/musicgen-stereo-small", a checkpoint's folder
RUN = "runs/sampling"  # a folder; run the notebook again to continue where it stopped
GRID = {"temperature": [0.5, 1.0, 3.0], "top_k": [10, 250], "guidance": [1.0, 3.0]}
PROMPTS = 5  # of the 24 in the demo set; more narrow the intervals
SECONDS = 2
EMBEDDER = "clap:tiny"  # for real music a CLAP of real music: "clap:music_audioset_epoch_15_esc_90.14.pt"
DEFAULT = {"temperature": 1.0, "top_k": 250, "guidance": 3.0}  # the settings that the others are compared with
TOLERANCE = {EMBEDDER: 0.1, "failure_count": 0.5}  # how much worse counts as equal

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import mgeval as mg
from mgeval.metrics.distribution import vendi_score
from mgeval.scoring.vectors import cached_vectors
from mgeval.stats.regions import safe_values
from mgeval.wording import interval

# %%
prompts = mg.load_prompts("demo").sample(PROMPTS, random_state=0)
sweep = mg.Sweep(MODEL, prompts, {**GRID, "duration": SECONDS})
store = mg.Store(RUN)
sweep.preview(store)

# %%
clips = mg.run(sweep.plan(), store)
scores = mg.measure(clips, store, [EMBEDDER, "failure_count"])

# %% [markdown]
# ## Quality and failures
#
# Means with 95 % intervals over prompts; each line averages over all values of the third setting.

# %%
figure, axes = plt.subplots(2, 2, figsize=(8, 5), layout="constrained")
for column, other in enumerate(["guidance", "top_k"]):
    summary = mg.summarise(scores, ["temperature", other])
    for row, metric in enumerate([EMBEDDER, "failure_count"]):
        mg.plots.response(summary, "temperature", metric, axes[row, column])

# %% [markdown]
# ## Diversity
#
# The Vendi score of the clips of each setting: the effective number of different sounds for the embedder. All settings
# have the same prompts and number of clips, so their scores are comparable; there is no interval. Noise is diverse too:
# read the score together with the failures above.

# %%
done = clips[clips["status"] == "done"]  # a failed clip has no audio
vectors = cached_vectors(mg.embed.load(EMBEDDER), [store.audio(key) for key in done["key"]], store)
groups = done.groupby(["temperature", "top_k"]).indices.items()
variety = pd.Series({setting: vendi_score(np.concatenate([vectors[i] for i in index])) for setting, index in groups})
variety.rename_axis(["temperature", "top_k"]).unstack("temperature").round(2)

# %% [markdown]
# ## The safe region
#
# Each value against the default, paired over the same prompts and the other settings. *Safe*: the whole 95 % interval
# is within the tolerance. *Worse*: the whole interval is beyond it. *Open*: too few prompts to decide.

# %%
regions = {
    name: mg.safe_region(scores, name, DEFAULT[name], TOLERANCE, paired=[other for other in GRID if other != name])
    for name in GRID
}
tables = [table.rename(columns={name: "value"}).assign(setting=name) for name, table in regions.items()]
pd.concat(tables).set_index(["setting", "metric", "value"])[["mean", "lo", "hi", "n_prompts", "verdict"]].round(3)

# %% [markdown]
# ## A closer look
#
# Each point is a clip: click to hear it, drag with Shift to select, filter above.

# %%
mg.panels.explore(scores, store, EMBEDDER, "failure_count", colour="temperature")

# %% [markdown]
# ## The answer
#
# The region extends from the default to the last value that is shown to be as good; the next value is either worse or
# open.

# %%
for name, region in regions.items():
    low, high, ends = safe_values(region, name, DEFAULT[name])
    print(f"{MODEL}: {name} is safe from {low:g} to {high:g}; {ends or 'nothing beyond was tried'}.")
by_temperature = mg.summarise(scores, "temperature").set_index(["metric", "temperature"])
for temperature in GRID["temperature"]:
    quality, failures = (by_temperature.loc[(metric, temperature)] for metric in (EMBEDDER, "failure_count"))
    print(
        f"  temperature {temperature:g}: CLAP score {interval(quality['mean'], quality['lo'], quality['hi'])}, "
        f"kinds of failure {interval(failures['mean'], failures['lo'], failures['hi'])}, "
        f"Vendi score {variety[temperature].min():.1f} to {variety[temperature].max():.1f}."
    )
