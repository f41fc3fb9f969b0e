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
# # 01 First sweep
#
# **Does the model put the music where the prompt says?**
#
# First try prompts in a widget, then answer the question with 24 clips at once. Everything here runs offline on the
# tiny MusicGen-stereo that comes with mgeval; for the real model, change one line below.

# %% tags=["parameters"]
MODEL = "tiny"  # or "facebook/musicgen-stereo-small", a checkpoint's folder, "folder:PATH"
RUN = "runs/first-sweep"  # a folder; run the notebook again to continue where it stopped
SECONDS = 2.5  # length of each clip
SEEDS = [0]  # takes of each prompt; more prompts narrow the intervals more than more seeds do

# %%
import matplotlib.pyplot as plt

import mgeval as mg
from mgeval.wording import interval

# %% [markdown]
# ## Try prompts
#
# Write a prompt, set the sliders (each explains its effect and valid range) and press *Generate* for two takes with
# different seeds. The vectorscope leans towards the sound: vertical is mono, a disc is wide, horizontal is antiphase.
# With guidance 1 the model ignores the prompt. *Keep* saves a take in the folder of the run.

# %%
studio = mg.panels.studio(MODEL, RUN)
studio.sampling = mg.Sampling(duration=SECONDS)
studio

# %% [markdown]
# ## A sweep
#
# Four scenes with six spatial claims each. The plan is a table that you can inspect before it runs.

# %%
sweep = mg.Sweep(MODEL, prompts="demo", grid={"duration": SECONDS}, seeds=SEEDS)
store = mg.Store(RUN)
plan = sweep.plan()
plan[["prompt", "spatial", "guidance", "duration", "seed"]].head()

# %%
clips = mg.run(plan, store)
measures = ["width", "image_angle", "correlation", "ambience", "loudness", "clap:tiny"]
scores = mg.measure(clips, store, measures)
scores[["spatial", *measures, "reason"]].sample(5, random_state=0).round(2)

# %% [markdown]
# The same in a widget: write prompts and values, see the estimate, start the run, and click its points as they appear.

# %%
builder = mg.panels.sweep_builder(MODEL, store)
prompts = "a slow piano ballad, very wide stereo\na rock song with drums, in mono"
builder.form = {"prompts": prompts, "guidance": "1, 3", "duration": str(SECONDS)}
builder

# %% [markdown]
# ## Results
#
# Means with 95 % intervals. The prompt is the unit of analysis: two seeds of one prompt are not independent.

# %%
table = mg.summarise(scores, by="spatial")
figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
mg.plots.response(table, x="spatial", metric="width", ax=axes[0])
_ = mg.plots.response(table, x="spatial", metric="image_angle", ax=axes[1])
# %%
figure, axes = plt.subplots(1, 4, figsize=(9, 2.7), layout="constrained")
for ax, claim in zip(axes, ["mono", "left", "wide", "ping-pong"], strict=True):
    row = clips[clips["spatial"] == claim].iloc[0]
    mg.plots.vectorscope(store.audio(row["key"]), ax)
    ax.set_title(f"{claim}: {ax.get_title()}", fontsize=7)

# %% [markdown]
# The widest clip as A, the narrowest as B: the space bar plays, the keys A and B switch.

# %%
ranked = scores.dropna(subset="width").sort_values("width")
mg.panels.ClipPlayer(store, ranked["key"].iloc[-1], ranked["key"].iloc[0])

# %%
page = mg.report(scores, store, f"{RUN}/report")
print("The report:", page)

# %% [markdown]
# ## A closer look
#
# Each point is a clip: click to hear it, drag with Shift to select, filter above.

# %%
mg.panels.explore(scores, store, "image_angle", "width", colour="spatial")

# %% [markdown]
# ## The answer
#
# Width is 0 for mono, 0.5 for independent channels or one silent side, and 1 for antiphase. The angle is -45 degrees at
# the left speaker and 45 at the right; for a diffuse image its mean is meaningless.

# %%
means = table.set_index(["metric", "spatial"])
for metric, claims, unit in (("width", ("mono", "narrow", "wide"), ""), ("image_angle", ("left", "right"), "degrees")):
    texts = [f"{interval(*means.loc[(metric, claim), ['mean', 'lo', 'hi']], unit)} for {claim}" for claim in claims]
    print(f"{MODEL}: {metric.replace('_', ' ')} is {', '.join(texts)} (95 % intervals).")
