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
# # 08 Report
#
# **What goes into the paper?**
#
# From a run to a page, tables and figures: numbers with intervals, LaTeX, and PDF figures one column wide. Set the
# folder of an existing run; an empty folder is filled with a small sweep.

# %% tags=["parameters"]
RUN = "runs/report"  # a run's folder
MODEL = "tiny"  # for an empty folder; or "facebook/musicgen-stereo-small"
BY = "guidance"  # the column to group by
MEASURES = ["width", "correlation", "ambience", "loudness", "clap:tiny"]

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import mgeval as mg
from mgeval.tables import own_clips
from mgeval.wording import interval, listed

# %%
store = mg.Store(RUN)
if store.table().empty:
    sweep = mg.Sweep(MODEL, mg.load_prompts("demo").iloc[::2], {"guidance": [1, 3], "duration": 2})
    mg.run(sweep.plan(), store)
# The page and its tables include the controls of the run, but they are not clips of the model.
clips = own_clips(store.table())
print(f"{RUN}: {len(clips)} clips of {clips['prompt_id'].nunique()} prompts, by {listed(clips['model'].unique())}.")
scores = mg.measure(store.table(), store, MEASURES)
generated = own_clips(scores)

# %% [markdown]
# ## The table
#
# Means with 95 % intervals over prompts; the same table as LaTeX is in `tables/`.

# %%
summary = mg.summarise(generated, BY)
cells = [interval(*row) for row in summary[["mean", "lo", "hi"]].to_numpy()]
table = summary.assign(cell=cells).pivot(index="metric", columns=BY, values="cell").loc[MEASURES]
Path(RUN, "tables").mkdir(exist_ok=True)
Path(RUN, "tables", f"by-{BY}.tex").write_text(table.to_latex(escape=True))
table

# %% [markdown]
# ## The figures
#
# PDF files for the paper are in `figures/`, one column wide; the first four are shown here.

# %%
Path(RUN, "figures").mkdir(exist_ok=True)
plt.rcParams["pdf.fonttype"] = 42  # TrueType: many conferences refuse Type 3 fonts
for metric in MEASURES:
    ax = mg.plots.response(summary, BY, metric)
    ax.figure.savefig(Path(RUN, "figures", f"{metric.replace(':', '-')}-by-{BY}.pdf"))
    plt.close(ax.figure)
figure, axes = plt.subplots(2, 2, figsize=(7, 4.4), layout="constrained")
for ax, metric in zip(axes.flat, MEASURES, strict=False):
    mg.plots.response(summary, BY, metric, ax)

# %% [markdown]
# ## The page
#
# A folder that opens from disk, with figures, tables and examples to hear.

# %%
page = mg.report(scores, store, Path(RUN, "report"))
print("The page:", page)

# %% [markdown]
# ## The answer
#
# The result for each measure, lowest against highest setting. *Differs* means that the 95 % interval of the paired
# difference does not include 0, without adjustment for the number of measures.

# %%
if generated[BY].nunique(dropna=False) > 1:
    tests = mg.compare(generated, by=BY, metrics=MEASURES)
    # The levels ascend, and a gap is last.
    tests = tests[(tests["a"] == tests["a"].iloc[0]) & (tests["b"] == tests["b"].iloc[-1])]
else:
    print(f"{BY} has one value in this run: there is nothing to compare.")
    tests = pd.DataFrame()
for row in tests.itertuples():
    differs = (
        "differs"
        if row.lo > 0 or row.hi < 0
        else "undefined"
        if pd.isna(row.difference)
        else "does not show a difference"
    )
    size = interval(row.difference, row.lo, row.hi, mg.metrics.described(row.metric).unit)
    print(f"{row.metric} {differs} from {BY} {row.a} to {row.b}: {size}, {row.n_prompts} prompts.")
files = [file for folder in ("tables", "figures") for file in sorted(Path(RUN, folder).iterdir())]
print(f"For the paper: {listed(files)}.")
