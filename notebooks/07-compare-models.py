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
# # 07 Compare models
#
# **Do two models differ, in what, and how far is each from real music?**
#
# Both make clips of the same prompts and seeds. They are compared with a reference, with silence and noise, and with
# the best result that the codec allows.

# %% tags=["parameters"]
MODEL = "tiny"  # or "facebook/musicgen-stereo-small": its codec sets the ceiling
OTHER = "synth"  # another checkpoint, or "folder:PATH" with the clips of another system and their prompts.csv
REFERENCE = ""  # a folder of recordings; empty: the built-in composer makes one
RUN = "runs/compare-models"  # a folder; run the notebook again to continue where it stopped
PROMPTS = 12
SECONDS = 3
MEASURES = ["width", "correlation", "ambience", "loudness", "centroid", "failure_count"]
EMBEDDER = "clap:tiny"  # for real music a CLAP of real music: "clap:music_audioset_epoch_15_esc_90.14.pt"

# %%
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import mgeval as mg
from mgeval.metrics.distribution import stereo_distance
from mgeval.wording import interval

# %%
prompts = mg.load_prompts("demo").sample(PROMPTS, random_state=0)
sweep = mg.Sweep([MODEL, OTHER], prompts, {"duration": SECONDS})
store = mg.Store(RUN)
sweep.preview(store)

# %%
clips = mg.run(sweep.plan(), store)
if not REFERENCE:
    # Not the seeds of the sweep, so that the composer is not compared with its own clips.
    REFERENCE = f"{RUN}/reference"
    Path(REFERENCE).mkdir(parents=True, exist_ok=True)
    for row, prompt in enumerate(mg.load_prompts("demo")["prompt"]):
        spec = replace(mg.synth.parse(prompt), duration=SECONDS)
        mg.save_audio(mg.synth.compose(spec, 1000 + row)[0], f"{REFERENCE}/{row:02}.flac")
mg.controls(store, ["silence", "noise"])
mg.controls(store, ["reference", "codec ceiling"], REFERENCE, mg.load_model(MODEL))
scores = mg.measure(store.table(), store, [*MEASURES, EMBEDDER])
# Compare only the clips of this plan; the folder may have clips of other settings.
scores = scores[scores["control"].notna() | scores["key"].isin(clips["key"])]
generated = scores[scores["control"].isna()]

# %% [markdown]
# ## Side by side
#
# Means with 95 % intervals; grey lines are the controls. The difference between *reference* and *codec ceiling* is the
# effect of the codec alone.

# %%
summary = mg.summarise(scores, "model")
figure, axes = plt.subplots(2, 3, figsize=(9.5, 5), layout="constrained")
for ax, metric in zip(axes.flat, MEASURES, strict=True):
    mg.plots.response(summary, "model", metric, ax)

# %% [markdown]
# ## Do the models differ?
#
# Pairs of clips of the same prompt and seed: the difference, its 95 % interval, p from sign flips over prompts, p
# adjusted for the number of metrics (Holm), and the effect size.

# %%
tests = mg.compare(generated, by="model", metrics=[*MEASURES, EMBEDDER])
tests[["metric", "a", "b", "difference", "lo", "hi", "p", "p_holm", "dz", "n_prompts", "reason"]].round(3)

# %% [markdown]
# ## How far from the reference?
#
# Frechet and kernel distance of CLAP vectors of the mono mean. With few clips they are biased upwards, as the warnings
# say: compare only sets of the same size. Stereo distances are in the unit of each measure.

# %%
distances = mg.distances(generated, store, REFERENCE, EMBEDDER, by="model", kinds=["frechet", "kernel"], progress=False)
distances = distances[distances["channels"] == "mono"]
distances[["model", "distance", "value", "lo", "hi", "spread", "n_clips", "warning", "reason"]].round(3)

# %%
reference = scores[scores["control"] == "reference"]
stereo = {
    model: stereo_distance(part, reference).set_index("metric")["distance"]
    for model, part in generated.groupby("model")
}
pd.DataFrame(stereo).round(3)

# %% [markdown]
# ## Listen
#
# Each prompt by both models. A row is a pair, and a dot its difference; the arrow keys choose a pair, A and B switch.

# %%
mg.panels.compare(generated, store, by="model", metric="width")

# %% [markdown]
# ## Which do you like better?
#
# The same pairs blind, at equal loudness, with hidden repetitions. Answers are stored in the folder of the run. The
# last page shows the preferences with their intervals; `session.preferences()` returns them as a table.

# %%
session = mg.panels.blind(generated, store, by="model", matched=True)
session

# %% [markdown]
# ## A closer look
#
# Each point is a clip: click to hear it, drag with Shift to select, filter above.

# %%
mg.panels.explore(scores, store, "width", EMBEDDER, colour="model")

# %% [markdown]
# ## The answer
#
# *Differs* means p below 0.05 after adjusting for all metrics tested here. A metric that is not shown to differ is not
# shown to be equal either: look at the width of its interval.

# %%
for row in tests.itertuples():
    verdict = "undefined" if pd.isna(row.p_holm) else "differs" if row.p_holm < 0.05 else "is not shown to differ"
    if pd.isna(row.p_holm):
        print(f"{row.metric} {verdict}: {row.reason}.")
        continue
    size = interval(row.difference, row.lo, row.hi, mg.metrics.described(row.metric).unit)
    print(
        f"{row.metric} {verdict}: {row.b} minus {row.a} is {size}, adjusted p {row.p_holm:.3g}, "
        f"{row.n_prompts} prompts."
    )
for row in distances.itertuples():
    print(
        f"{row.model}: {row.distance} distance to the reference {interval(row.value, row.lo, row.hi)}"
        f"{'; ' + row.warning if row.warning else ''}{'; ' + row.reason if row.reason else ''}."
    )
