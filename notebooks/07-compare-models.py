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
# Both make clips of the same prompts and seeds, and are held against a reference, against what no music is (silence,
# noise) and against the best that the codec allows.

# %% tags=["parameters"]
MODEL = "tiny"  # or "facebook/musicgen-stereo-small": its codec sets the ceiling
OTHER = "synth"  # another checkpoint, or "folder:PATH" with another system's clips and their prompts.csv
REFERENCE = ""  # a folder of recordings; empty lets the built-in composer write one
RUN = "runs/compare-models"  # a folder; run the notebook again and it goes on where it stopped
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
    # Other seeds than the sweep's, so that the composer is not compared with its own clips.
    REFERENCE = f"{RUN}/reference"
    Path(REFERENCE).mkdir(parents=True, exist_ok=True)
    for row, prompt in enumerate(mg.load_prompts("demo")["prompt"]):
        spec = replace(mg.synth.parse(prompt), duration=SECONDS)
        mg.save_audio(mg.synth.compose(spec, 1000 + row)[0], f"{REFERENCE}/{row:02}.flac")
mg.controls(store, ["silence", "noise"])
mg.controls(store, ["reference", "codec ceiling"], REFERENCE, mg.load_model(MODEL))
scores = mg.measure(store.table(), store, [*MEASURES, EMBEDDER])
# The folder may hold other clips, of other settings: only those of this plan are compared.
scores = scores[scores["control"].notna() | scores["key"].isin(clips["key"])]
own = scores[scores["control"].isna()]

# %% [markdown]
# ## Side by side
#
# Means with 95 % intervals; grey lines are the controls. Between *reference* and *codec ceiling* lies what the codec
# alone does.

# %%
summary = mg.summarise(scores, "model")
figure, axes = plt.subplots(2, 3, figsize=(9.5, 5), layout="constrained")
for ax, metric in zip(axes.flat, MEASURES, strict=True):
    mg.plots.response(summary, "model", metric, ax)

# %% [markdown]
# ## Do they differ?
#
# Pairs of clips of the same prompt and seed: difference, 95 % interval, p by sign flips over prompts, adjusted for the
# number of metrics (Holm), and the effect size.

# %%
tests = mg.compare(own, by="model", metrics=[*MEASURES, EMBEDDER])
tests[["metric", "a", "b", "difference", "lo", "hi", "p", "p_holm", "dz", "n_prompts", "reason"]].round(3)

# %% [markdown]
# ## How far from the reference?
#
# Frechet and kernel distance of CLAP vectors, mono mean. Few clips read too far: the warnings say so, and only sets of
# the same size compare. Stereo distances are in each measure's own unit.

# %%
far = mg.distances(own, store, REFERENCE, EMBEDDER, by="model", kinds=["frechet", "kernel"], progress=False)
far = far[far["channels"] == "mono"]
far[["model", "distance", "value", "lo", "hi", "spread", "n_clips", "warning", "reason"]].round(3)

# %%
held = scores[scores["control"] == "reference"]
stereo = {model: stereo_distance(part, held).set_index("metric")["distance"] for model, part in own.groupby("model")}
pd.DataFrame(stereo).round(3)

# %% [markdown]
# ## Listen
#
# Each prompt by both. A row is a pair, a dot its difference; the arrow keys walk through them, A and B switch.

# %%
mg.panels.compare(own, store, by="model", metric="width")

# %% [markdown]
# ## Which do you like better?
#
# The same pairs blind, at equal loudness, with hidden repetitions. Answers are kept in the run's folder; at the end
# stand preferences with their intervals. `session.preferences()` is that as a table.

# %%
session = mg.panels.blind(own, store, by="model", matched=True)
session

# %% [markdown]
# ## Look closer
#
# Every clip is a point: click to hear it, drag with Shift to select, filter above.

# %%
mg.panels.explore(scores, store, "width", EMBEDDER, colour="model")

# %% [markdown]
# ## The answer
#
# *Differs* means p below 0.05 after adjusting for all metrics tested here. What is not shown to differ is not shown to
# be equal: look at how wide the intervals are.

# %%
for row in tests.itertuples():
    verdict = "undefined" if pd.isna(row.p_holm) else "differs" if row.p_holm < 0.05 else "is not shown to differ"
    if pd.isna(row.p_holm):
        print(f"{row.metric} {verdict}: {row.reason}.")
        continue
    size = interval(row.difference, row.lo, row.hi, mg.metrics.described(row.metric).unit)
    print(
        f"{row.metric} {verdict}: {row.b} less {row.a} is {size}, adjusted p {row.p_holm:.3g}, {row.n_prompts} prompts."
    )
for row in far.itertuples():
    print(
        f"{row.model}: {row.distance} distance to the reference {interval(row.value, row.lo, row.hi)}"
        f"{'; ' + row.warning if row.warning else ''}{'; ' + row.reason if row.reason else ''}."
    )
