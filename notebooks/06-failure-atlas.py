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
# # 06 Failure atlas
#
# **Which failures occur where, how do they sound, and is the model less sure then?**
#
# Every clip is searched for all kinds of failure that mgeval detects; `docs/failures.md` reports how reliably it finds
# each. The settings are chosen to provoke some.

# %% tags=["parameters"]
MODEL = "tiny"  # or "facebook/musicgen-stereo-small", a checkpoint's folder
RUN = "runs/failure-atlas"  # a folder; run the notebook again to continue where it stopped
GRID = {"temperature": [0.3, 1.0, 4.0]}
SPATIAL = ["narrow", "wide", "ping-pong"]  # prompts that ask for sound on both sides
SECONDS = 4
EXAMPLES = 3

# %%
import matplotlib.pyplot as plt
from IPython.display import display

import mgeval as mg
from mgeval.stats import mean_interval, share_interval
from mgeval.wording import interval, listed

# %%
prompts = mg.load_prompts("demo").query("spatial in @SPATIAL")
sweep = mg.Sweep(MODEL, prompts, {**GRID, "duration": SECONDS})
store = mg.Store(RUN)
print(f"mgeval detects {len(mg.metrics.DETECTORS)} kinds of failure: {listed(mg.metrics.DETECTORS)}.")
sweep.preview(store)

# %% [markdown]
# ## Where
#
# The share of clips with each kind of failure. No prompt here asks for mono or for one side, where a collapsed or
# one-sided image would be correct.

# %%
clips = mg.run(sweep.plan(), store)
findings = mg.failure_table(store, clips)
factor = next(iter(GRID))
figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
mg.plots.failure_atlas(findings, factor, axes[0])
_ = mg.plots.failure_atlas(findings, "spatial", axes[1])
# %% [markdown]
# ## Examples to hear
#
# The strongest finding of each kind, the most frequent kinds first, each with a player.

# %%
flagged = findings[findings["flagged"].astype(bool)]
frequent = flagged.groupby("kind")["key"].nunique().sort_values(ascending=False)
examples = flagged.sort_values("score", ascending=False).drop_duplicates("kind").set_index("kind").loc[frequent.index]
examples[["start_s", "end_s", "score", factor, "prompt"]].head(EXAMPLES).round(2)

# %%
for kind, example in examples.head(EXAMPLES).iterrows():
    print(f"{kind}, {example['start_s']:.2f} to {example['end_s']:.2f} s:")
    display(mg.panels.ClipPlayer(store, example["key"]))
if examples.empty:
    print("No clip has a finding: there is nothing to hear.")

# %% [markdown]
# ## Is the model less sure?
#
# The uncertainty of the model around the start of a failure, compared with clips without that failure at the same time.
# Findings that start with the clip have no time before.

# %%
onsets = mg.failure_onsets(store, findings)
kinds = onsets.groupby("kind")["key"].nunique().sort_values(ascending=False).index[:2]
for kind in kinds:
    rows = onsets[onsets["kind"] == kind]
    ax = mg.plots.response(mg.summarise(rows, "time_s"), "time_s", "entropy")
    ax.axhline(0, color="#6b6b6b", linewidth=0.8)
    ax.set_xlabel("seconds from the onset")
    ax.set_title(
        f"{kind}, {rows['key'].nunique()} clips; 0: equal to clips without it", fontsize=7, loc="left", color="#6b6b6b"
    )
if kinds.empty:
    print("No clip has both a finding and predictions: the question cannot be answered here.")

# %% [markdown]
# ## The answer
#
# Shares of the clips that could be judged, with 95 % intervals over prompts, for every kind that occurs. Shifts of the
# entropy are means over the second after the onset; an interval that includes 0 shows no shift.

# %%
judged = findings[findings["flagged"].astype(bool) | findings["score"].notna()]
clips_with = judged.groupby(["key", "kind", factor, "prompt_id"], as_index=False)["flagged"].max()
clips_with = clips_with[clips_with["kind"].isin(frequent.index)].astype({"flagged": float})
print(f"{MODEL}: found in {findings['key'].nunique()} clips: {listed(frequent.index, 'no kind of failure')}.")
for kind in frequent.index:
    for value, rows in clips_with[clips_with["kind"] == kind].groupby(factor):
        share, lo, hi, n = share_interval(rows["flagged"], rows["prompt_id"])
        print(f"  {kind}, {factor} {value:g}: {interval(share, lo, hi, '%')} of {len(rows)} clips, {n} prompts")

# %%
after = onsets[onsets["time_s"].between(0, 1)].groupby(["kind", "key", "prompt_id"], as_index=False)["entropy"].mean()
for kind in kinds:
    rows = after[after["kind"] == kind]
    mean, lo, hi, n = mean_interval(rows["entropy"], rows["prompt_id"])
    print(f"{MODEL}: after the onset of {kind} the entropy shifts by {interval(mean, lo, hi, 'nats', 3)}, {n} prompts.")
if kinds.empty:
    print(f"{MODEL}: the shift of the entropy is undefined: no clip has both a finding and predictions.")
