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
# # 02 Prompts
#
# **What does the model understand of a prompt?**
#
# A claim that can be checked in sound is understood if clips whose prompt makes it have it more often than clips
# whose prompt does not. The second share is the chance: what a model that does not listen would reach.

# %% tags=["parameters"]
MODEL = "tiny"  # or "facebook/musicgen-stereo-small", a checkpoint's folder, "folder:PATH"
RUN = "runs/prompts"  # a folder; run the notebook again and it goes on where it stopped
GUIDANCE = [1, 3]  # 1 lets the prompt go
SECONDS = 3  # of each clip; tempo needs 3
SEEDS = [0]
EMBEDDER = "clap:tiny"  # for real music a CLAP of real music: "clap:music_audioset_epoch_15_esc_90.14.pt"

# %%
import matplotlib.pyplot as plt
import numpy as np

import mgeval as mg
from mgeval.metrics.claims import claims
from mgeval.wording import interval, listed

# %% [markdown]
# ## What is asked
#
# 24 prompts: four scenes, some with a tempo, a mode or "no drums", times six spatial phrasings. This is what can be
# checked in them; a word that no check knows, such as "calm", is not judged.

# %%
prompts = mg.load_prompts("demo")
asked = prompts["prompt"].map(lambda text: listed(claim.kind for claim in claims(text)))
prompts[["prompt"]].assign(checked=asked).iloc[::4].style.format(escape="html").hide()

# %%
store = mg.Store(RUN)
sweep = mg.Sweep(MODEL, prompts, {"guidance": GUIDANCE, "duration": SECONDS}, seeds=SEEDS)
clips = mg.run(sweep.plan(), store)

# %% [markdown]
# ## Does it do what it is told?
#
# An interval that reaches the grey mark does not show that the model listens. Chance is itself an estimate, drawn
# without its own interval.

# %%
adherence = mg.adherence(store, clips, by="guidance")
_ = mg.plots.adherence(adherence, by="guidance")
# %% [markdown]
# ## Which spatial word does what
#
# Where words differ in the sound, their intervals part. Read the angle only where the image is no ball.

# %%
scores = mg.measure(clips, store, ["width", "image_angle", "ambience", EMBEDDER])
summary = mg.summarise(scores, ["spatial", "guidance"])
figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
for ax, metric in zip(axes, ["width", "image_angle"], strict=True):
    mg.plots.response(summary, "spatial", metric, ax)

# %% [markdown]
# ## The whole text
#
# Among all prompts of the sweep, how high does a clip rank its own? This hears everything that the embedder hears,
# but only the mono mean: spatial words count for nothing here.

# %%
ranks = mg.prompt_ranks(clips, store, EMBEDDER, by="guidance")
ranks[["guidance", "clap_rank", "lo", "hi", "chance", "n_prompts", "reason"]].round(3)

# %% [markdown]
# ## Look closer
#
# Every clip is a point: click to hear it, drag with Shift to select, filter above.

# %%
mg.panels.explore(scores, store, "image_angle", "width", colour="spatial", shape="guidance")

# %% [markdown]
# ## The answer
#
# *Understood* means that the whole 95 % interval over prompts lies above chance, at the highest guidance; with a
# handful of prompts per claim much remains open, which is not the same as not understood.

# %%
told = adherence[adherence["guidance"] == max(GUIDANCE)].set_index("claim")
shown = told.index[told["lo"] > told["chance"]]
unjudged = told.index[told["met"].isna()]
print(f"{MODEL} at guidance {max(GUIDANCE):g} understands: {listed(shown)}.")
print(f"Not shown: {listed(told.index.difference([*shown, *unjudged], sort=False))}.")
print(f"Could not be judged in these clips: {listed(unjudged)}.")
for claim, row in told.iterrows():
    chance = "undefined" if np.isnan(row["chance"]) else f"{row['chance']:.0%}"
    print(f"  {claim:10} {interval(row['met'], row['lo'], row['hi'], '%')}, chance {chance}")
for row in ranks.itertuples():
    print(
        f"Own prompt, mean reciprocal rank at guidance {row.guidance:g}: {interval(row.clap_rank, row.lo, row.hi)}, "
        f"chance {row.chance:.2f}."
    )
