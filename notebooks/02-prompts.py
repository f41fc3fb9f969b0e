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
# A claim of a prompt that can be checked in the audio is understood if it is true of clips with this claim more often
# than of clips without it. The second share is chance: the share that a model would reach without following the prompt.

# %% tags=["parameters"]
MODEL = "tiny"  # or "facebook/musicgen-stereo-small", a checkpoint's folder, "folder:PATH"
RUN = "runs/prompts"  # a folder; run the notebook again to continue where it stopped
GUIDANCE = [1, 3]  # 1 ignores the prompt
SECONDS = 3  # length of each clip; tempo needs 3
SEEDS = [0]
EMBEDDER = "clap:tiny"  # for real music a CLAP of real music: "clap:music_audioset_epoch_15_esc_90.14.pt"

# %%
import matplotlib.pyplot as plt
import numpy as np

import mgeval as mg
from mgeval.metrics.claims import claims
from mgeval.wording import interval, listed

# %% [markdown]
# ## What the prompts claim
#
# 24 prompts: four scenes, some with a tempo, a mode or "no drums", times six spatial phrasings. The table lists the
# claims that can be checked; other words, such as "calm", are not judged.

# %%
prompts = mg.load_prompts("demo")
checked = prompts["prompt"].map(lambda text: listed(claim.kind for claim in claims(text)))
prompts[["prompt"]].assign(checked=checked).iloc[::4].style.format(escape="html").hide()

# %%
store = mg.Store(RUN)
sweep = mg.Sweep(MODEL, prompts, {"guidance": GUIDANCE, "duration": SECONDS}, seeds=SEEDS)
clips = mg.run(sweep.plan(), store)

# %% [markdown]
# ## Does the model follow the prompt?
#
# An interval that reaches the grey mark does not show that the model follows the claim. Chance is an estimate too,
# drawn without its interval.

# %%
adherence = mg.adherence(store, clips, by="guidance")
_ = mg.plots.adherence(adherence, by="guidance")
# %% [markdown]
# ## The effect of spatial words
#
# Intervals that do not overlap show words with different effects. Ignore the angle of a diffuse image.

# %%
scores = mg.measure(clips, store, ["width", "image_angle", "ambience", EMBEDDER])
summary = mg.summarise(scores, ["spatial", "guidance"])
figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
for ax, metric in zip(axes, ["width", "image_angle"], strict=True):
    mg.plots.response(summary, "spatial", metric, ax)

# %% [markdown]
# ## The whole prompt
#
# How high does a clip rank its own prompt among all prompts of the sweep? The embedder covers the whole prompt, but it
# gets only the mono mean, so spatial words have no effect here.

# %%
ranks = mg.prompt_ranks(clips, store, EMBEDDER, by="guidance")
ranks[["guidance", "clap_rank", "lo", "hi", "chance", "n_prompts", "reason"]].round(3)

# %% [markdown]
# ## A closer look
#
# Each point is a clip: click to hear it, drag with Shift to select, filter above.

# %%
mg.panels.explore(scores, store, "image_angle", "width", colour="spatial", shape="guidance")

# %% [markdown]
# ## The answer
#
# *Understood* means that the whole 95 % interval over prompts is above chance at the highest guidance. With few prompts
# per claim many claims stay open, which does not mean that they are not understood.

# %%
claims_met = adherence[adherence["guidance"] == max(GUIDANCE)].set_index("claim")
understood = claims_met.index[claims_met["lo"] > claims_met["chance"]]
unjudged = claims_met.index[claims_met["met"].isna()]
print(f"{MODEL} at guidance {max(GUIDANCE):g} understands: {listed(understood)}.")
print(f"Not shown: {listed(claims_met.index.difference([*understood, *unjudged], sort=False))}.")
print(f"Could not be judged in these clips: {listed(unjudged)}.")
for claim, row in claims_met.iterrows():
    chance = "undefined" if np.isnan(row["chance"]) else f"{row['chance']:.0%}"
    print(f"  {claim:10} {interval(row['met'], row['lo'], row['hi'], '%')}, chance {chance}")
for row in ranks.itertuples():
    print(
        f"Own prompt, mean reciprocal rank at guidance {row.guidance:g}: {interval(row.clap_rank, row.lo, row.hi)}, "
        f"chance {row.chance:.2f}."
    )
