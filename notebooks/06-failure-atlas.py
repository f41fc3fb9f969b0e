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
# **Which failure happens where, how does it sound, and does the model know?**
#
# Every clip is searched for 17 kinds of failure; `docs/failures.md` says how reliably each is found. The settings are
# made to provoke some.

# %% tags=["parameters"]
MODEL = "tiny"  # or "facebook/musicgen-stereo-small", a checkpoint's folder
RUN = "runs/failure-atlas"  # a folder; run the notebook again and it goes on where it stopped
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
sweep.preview(store)

# %% [markdown]
# ## Where
#
# The share of clips with each kind of failure. A clip that was asked to be mono, or on one side, is not wrong to be:
# no prompt here asks for that.

# %%
clips = mg.run(sweep.plan(), store)
found = mg.failure_table(store, clips)
factor = next(iter(GRID))
figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
mg.plots.failure_atlas(found, factor, axes[0])
_ = mg.plots.failure_atlas(found, "spatial", axes[1])
# %% [markdown]
# ## Examples to hear
#
# The strongest finding of each kind, most frequent kinds first, each with a player of its own.

# %%
flagged = found[found["flagged"].astype(bool)]
frequent = flagged.groupby("kind")["key"].nunique().sort_values(ascending=False)
examples = flagged.sort_values("score", ascending=False).drop_duplicates("kind").set_index("kind").loc[frequent.index]
examples[["start_s", "end_s", "score", factor, "prompt"]].head(EXAMPLES).round(2)

# %%
for kind, example in examples.head(EXAMPLES).iterrows():
    print(f"{kind}, {example['start_s']:.2f} to {example['end_s']:.2f} s:")
    display(mg.panels.ClipPlayer(store, example["key"]))
if examples.empty:
    print("No clip has any finding: there is nothing to hear.")

# %% [markdown]
# ## Does the model know?
#
# Around the moment where a failure begins: how undecided the model was, against clips without that failure at the same
# second. Findings that begin with the clip have no time before.

# %%
onsets = mg.failure_onsets(store, found)
kinds = onsets.groupby("kind")["key"].nunique().sort_values(ascending=False).index[:2]
for kind in kinds:
    own = onsets[onsets["kind"] == kind]
    ax = mg.plots.response(mg.summarise(own, "time_s"), "time_s", "entropy")
    ax.axhline(0, color="#6b6b6b", linewidth=0.8)
    ax.set_xlabel("seconds from the onset")
    ax.set_title(
        f"{kind}, {own['key'].nunique()} clips; 0: as clips without it", fontsize=7, loc="left", color="#6b6b6b"
    )
if kinds.empty:
    print("No clip has both a finding and predictions: the question cannot be answered here.")

# %% [markdown]
# ## The answer
#
# Shares of the clips that could be judged, with 95 % intervals over prompts, for every kind that occurs. Shifts of the
# entropy are over the second after the onset; an interval that holds 0 shows none.

# %%
judged = found[found["flagged"].astype(bool) | found["score"].notna()]
hit = judged.groupby(["key", "kind", factor, "prompt_id"], as_index=False)["flagged"].max()
hit = hit[hit["kind"].isin(frequent.index)].astype({"flagged": float})
print(f"{MODEL}: found in {found['key'].nunique()} clips: {listed(frequent.index, 'no kind of failure')}.")
for kind in frequent.index:
    for value, rows in hit[hit["kind"] == kind].groupby(factor):
        share, lo, hi, n = share_interval(rows["flagged"], rows["prompt_id"])
        print(f"  {kind}, {factor} {value:g}: {interval(share, lo, hi, '%')} of {len(rows)} clips, {n} prompts")

# %%
after = onsets[onsets["time_s"].between(0, 1)].groupby(["kind", "key", "prompt_id"], as_index=False)["entropy"].mean()
for kind in kinds:
    own = after[after["kind"] == kind]
    mean, lo, hi, n = mean_interval(own["entropy"], own["prompt_id"])
    print(f"{MODEL}: after the onset of {kind} the entropy is off by {interval(mean, lo, hi, 'nats', 3)}, {n} prompts.")
if kinds.empty:
    print(f"{MODEL}: whether the model knows is undefined: no clip has both a finding and predictions.")
