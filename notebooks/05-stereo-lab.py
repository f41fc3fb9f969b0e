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
# # 05 Stereo lab
#
# **Where is the sound of a clip, how wide is it, and how far can these numbers be trusted?**
#
# A detailed look at any clip or folder, compared with composed pieces whose stereo image is known.

# %% tags=["parameters"]
CLIPS = ""  # a file or a folder of audio; empty makes one clip with MODEL
SHOWN = 3  # number of clips of a folder that are plotted and described one by one
MODEL = "tiny"  # or "facebook/musicgen-stereo-small"
PROMPT = "a calm piano with soft strings, very wide stereo"
RUN = "runs/stereo-lab"  # a folder
SECONDS = 5
MEASURES = ["width", "correlation", "image_angle", "ambience", "pan_spread", "width_low", "width_high", "mono_loss_db"]

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import mgeval as mg
from mgeval.wording import interval

# %% [markdown]
# ## The clips

# %%
if not CLIPS:
    take = mg.load_model(MODEL).generate(PROMPT, mg.Sampling(duration=SECONDS), progress=False)[0]
    # Beside the run, because its folder must not have other files.
    CLIPS = f"{RUN}-clips"
    Path(CLIPS).mkdir(parents=True, exist_ok=True)
    mg.save_audio(take.audio, f"{CLIPS}/{MODEL.replace('/', '-')}.wav")
scores = mg.measure(CLIPS, metrics=MEASURES, progress=False)
scores.assign(clip=scores["path"].map(lambda path: Path(path).name)).set_index("clip")[[*MEASURES, "reason"]].round(2)

# %% [markdown]
# ## Clip by clip
#
# The stereo image of each clip, over time and over frequency. The hue is the position between the loudspeakers. The
# player has the first two clips as A and B.

# %%
# A file that could not be read has no channels; the table above gives the reason.
selected = scores[scores["channels"].notna()].head(SHOWN)
selected.index = [f"{number} {Path(path).name}" for number, path in enumerate(selected["path"], start=1)]
clips = {name: mg.load_audio(path) for name, path in selected["path"].items()}
for name, clip in clips.items():
    figure = plt.figure(figsize=(10, 5), layout="constrained")
    figure.suptitle(name.replace("$", r"\$"), fontsize=9)
    grid = figure.add_gridspec(2, 3, width_ratios=[1.4, 1.5, 1.3])
    left = grid[:, 0].subgridspec(2, 1, height_ratios=[5, 1])
    mg.plots.goniometer(clip, [figure.add_subplot(left[0]), figure.add_subplot(left[1])])
    mg.plots.width_over_time(clip, figure.add_subplot(grid[0, 1]))
    mg.plots.coherence(clip, figure.add_subplot(grid[1, 1]))
    mg.plots.panning_map(clip, figure.add_subplot(grid[:, 2]))

# %%
mg.panels.ClipPlayer(clips, *list(clips)[:2])

# %% [markdown]
# ## Are the measures right?
#
# Composed pieces with all sound at one position, for which angle and correlation are known exactly.
# `docs/stereo-truth.md` checks every measure on ten kinds of such scenes.


# %%
def measure_piece(seed=0, **image):
    piece, _ = mg.synth.compose(mg.synth.Spec(duration=SECONDS, **image), seed)
    return mg.metrics.evaluate(piece.samples, piece.rate, MEASURES)


pans = [-45, -30, -15, 0, 15, 30, 45]
truth = pd.DataFrame(
    [measure_piece(pan=pan, spread=0, decorrelation=0) for pan in pans], index=pd.Index(pans, name="true angle")
)
truth[["image_angle", "correlation", "width", "ambience"]].round(3)

# %% [markdown]
# ## The scale
#
# Three composed pieces of each stereo image show what a number means. Dashed lines are the clips above.

# %%
scale = pd.DataFrame(
    [{"image": image, **measure_piece(seed, image=image)} for image in mg.synth.IMAGES for seed in range(3)]
)
summary = mg.summarise(scale, "image")
figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
for ax, metric in zip(axes, ["width", "ambience"], strict=True):
    mg.plots.response(summary, "image", metric, ax)
    ax.set_title("mean and 95 % interval of three pieces; dashed: the clips", fontsize=7, loc="left", color="#6b6b6b")
    for (name, value), colour in zip(selected[metric].items(), mg.plots.COLOURS[1:], strict=False):
        ax.axhline(value, color=colour, linewidth=1, linestyle="--", label=name.replace("$", r"\$"))
if len(selected) > 1:
    axes[1].legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)

# %% [markdown]
# ## The answer
#
# The value of each measure for each clip, and the composed image with the nearest value. This compares numbers; it does
# not classify the clip.

# %%
error = (truth["image_angle"] - truth.index).abs().max()
print(f"For {len(pans)} pieces at known positions the error of the angle is at most {error:.2g} degrees.")
for name, value in selected.iterrows():
    print(f"{name}:")
    for metric in MEASURES:
        means = summary[summary["metric"] == metric].set_index("image")[["mean", "lo", "hi"]].dropna(subset="mean")
        row = mg.metrics.METRICS[metric]
        if pd.isna(value[metric]) or means.empty:
            print(f"  {row.label}: undefined ({value['reason'] or 'for the pieces'})")
            continue
        distance = (means["mean"] - value[metric]).abs()
        if row.period:
            distance = distance.where(distance < row.period / 2, row.period - distance)
        image = distance.idxmin()
        reading = f"{value[metric]:.2f} {row.unit}".strip()
        print(f"  {row.label}: {reading}; nearest image {image}: {interval(*means.loc[image], row.unit)}")
