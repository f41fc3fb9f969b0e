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
# # 04 Duration
#
# **Do long clips drift, loop or have seams, and what happens beyond the trained length?**
#
# Long clips, measured in segments: every segment has the same prompts, so a change over time belongs to the clips.

# %% tags=["parameters"]
MODEL = "tiny"  # or "facebook/musicgen-stereo-small", a checkpoint's folder
RUN = "runs/duration"  # a folder; run the notebook again to continue where it stopped
TRAINED = 10  # length in seconds of the training clips: 10 for tiny, 30 for MusicGen
SECONDS = 20  # length of each clip
SEGMENT = 5  # seconds
PROMPTS = 6
MEASURES = ["width", "loudness", "flatness", "correlation"]

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import mgeval as mg
from mgeval.stats import mean_interval, share_interval
from mgeval.wording import interval

# %%
prompts = mg.load_prompts("demo").query("spatial in ['narrow', 'wide']").sample(PROMPTS, random_state=0)
sweep = mg.Sweep(MODEL, prompts, {"duration": SECONDS})
store = mg.Store(RUN)
sweep.preview(store)

# %%
clips = mg.run(sweep.plan(), store)
scores = mg.measure(clips, store, MEASURES)
window = mg.load_model(MODEL).max_duration
print(
    f"The model makes {window:g} s at once:",
    "no clip here has a seam." if window >= SECONDS else "longer clips consist of joined parts.",
)

# %% [markdown]
# ## Drift
#
# Each measure over the time of the clips; the dashed line is the trained length.

# %%
segments = mg.segment_table(store, clips, SEGMENT, MEASURES)
over_time = mg.summarise(segments, "start_s")
figure, axes = plt.subplots(2, 2, figsize=(8, 4.4), layout="constrained")
for ax, metric in zip(axes.flat, MEASURES, strict=True):
    mg.plots.response(over_time, "start_s", metric, ax).set_xlabel("start of the segment (s)")
    ax.axvline(TRAINED, color="#6b6b6b", linewidth=0.9, linestyle="--")

# %% [markdown]
# ## Loops, drones, seams
#
# The kinds of failure that start before the trained length and after it; a clip counts once for a kind. Shares are of
# the clips that could be judged for the kind.

# %%
findings = mg.failure_table(store, clips)
findings["starts"] = np.where(findings["start_s"] < TRAINED, f"before {TRAINED:g} s", f"from {TRAINED:g} s on")
flagged = findings[findings["flagged"].astype(bool)].drop_duplicates(["key", "kind", "starts"])
judged = findings[findings["flagged"].astype(bool) | findings["score"].notna()].groupby("kind")["key"].nunique()
shares = pd.crosstab(flagged["kind"], flagged["starts"])
shares = shares.div(judged.reindex(shares.index), axis=0)
shares.style.format("{:.0%}").background_gradient(cmap="Oranges", vmin=0, vmax=1)

# %% [markdown]
# The clip with the most findings: their times, how sure the model was, and a player.

# %%
counts = findings.groupby("key", sort=False)["flagged"].sum()
key = counts.idxmax()
figure, axes = plt.subplots(3, 1, figsize=(8, 4.6), layout="constrained", sharex=True)
mg.plots.failure_timeline(findings[findings["key"] == key], axes[0])
tokens = mg.metrics.tokens.Tokens(store.codes(key), store.predictions(key))
mg.plots.token_curves(mg.metrics.tokens.curves(tokens), axes[1:])
mg.panels.ClipPlayer(store, key)

# %% [markdown]
# ## A closer look
#
# Each point is a clip: click to hear it, drag with Shift to select, filter above.

# %%
mg.panels.explore(scores, store, "width", "loudness")

# %% [markdown]
# ## The answer
#
# The last segment of each clip minus its first: an interval that includes 0 shows no drift with this number of prompts.

# %%
for metric in MEASURES:
    course = segments.pivot(index=["prompt_id", "key"], columns="start_s", values=metric)
    change = course[course.columns[-1]] - course[course.columns[0]]
    mean, lo, hi, n = mean_interval(change, course.index.get_level_values("prompt_id"))
    drift = "drifts" if lo > 0 or hi < 0 else "has an undefined drift" if np.isnan(lo) else "shows no drift"
    unit = mg.metrics.METRICS[metric].unit
    print(
        f"{MODEL}: {metric} {drift}: {interval(mean, lo, hi, unit)} from the first to the last {SEGMENT:g} s,",
        f"{n} prompts.",
    )

# %%
parts = mg.segment_table(store, clips, TRAINED, ["failure_count"], progress=False)
# A segment too short to be judged has no count, which differs from a count of 0.
for start, part in parts.dropna(subset="failure_count").groupby("start_s"):
    share, lo, hi, n = share_interval(part["failure_count"] > 0, part["prompt_id"])
    print(f"{MODEL}: from {start:g} to {start + TRAINED:g} s {interval(share, lo, hi, '%')} of clips have a failure.")
for kind in ("looping", "drone", "seam"):
    rows = findings[findings["kind"] == kind].groupby(["key", "prompt_id"], as_index=False)[["flagged", "score"]].max()
    judged = rows[rows["score"].notna()]
    share, lo, hi, n = share_interval(judged["flagged"].astype(float), judged["prompt_id"])
    print(f"{MODEL}: {kind} in {interval(share, lo, hi, '%')} of {len(judged)} clips that could be judged.")
