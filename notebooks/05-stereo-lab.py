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
# **Where does a clip place its sound, how wide is it, and how far are these numbers to be trusted?**
#
# Any clip or folder in depth, held against pieces whose stereo image is known because they were composed with it.

# %% tags=["parameters"]
CLIPS = ""  # a file or a folder of audio; empty makes one clip with MODEL
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
    made = mg.load_model(MODEL).generate(PROMPT, mg.Sampling(duration=SECONDS), progress=False)[0]
    # Beside the run: its folder holds nothing but the run.
    CLIPS = f"{RUN}-clips"
    Path(CLIPS).mkdir(parents=True, exist_ok=True)
    mg.save_audio(made.audio, f"{CLIPS}/{MODEL.replace('/', '-')}.wav")
scores = mg.measure(CLIPS, metrics=MEASURES, progress=False)
scores.assign(clip=scores["path"].map(lambda path: Path(path).name)).set_index("clip")[[*MEASURES, "reason"]].round(2)

# %% [markdown]
# ## One clip in depth
#
# The first clip: its image, over time, over frequency. A hue is a place between the loudspeakers.

# %%
clip = mg.load_audio(scores["path"].iloc[0])
figure = plt.figure(figsize=(10, 5), layout="constrained")
grid = figure.add_gridspec(2, 3, width_ratios=[1.4, 1.5, 1.3])
left = grid[:, 0].subgridspec(2, 1, height_ratios=[5, 1])
mg.plots.goniometer(clip, [figure.add_subplot(left[0]), figure.add_subplot(left[1])])
mg.plots.width_over_time(clip, figure.add_subplot(grid[0, 1]))
mg.plots.coherence(clip, figure.add_subplot(grid[1, 1]))
_ = mg.plots.panning_map(clip, figure.add_subplot(grid[:, 2]))

# %%
mg.panels.ClipPlayer({Path(scores["path"].iloc[0]).name: clip}, Path(scores["path"].iloc[0]).name)

# %% [markdown]
# ## Are the measures right?
#
# Pieces by the composer that stand wholly at one place: angle and correlation are then exact. `docs/stereo-truth.md`
# has every measure against ten kinds of such scenes.


# %%
def measured(seed=0, **image):
    piece, _ = mg.synth.compose(mg.synth.Spec(duration=SECONDS, **image), seed)
    return mg.metrics.evaluate(piece.samples, piece.rate, MEASURES)


pans = [-45, -30, -15, 0, 15, 30, 45]
truth = pd.DataFrame(
    [measured(pan=pan, spread=0, decorrelation=0) for pan in pans], index=pd.Index(pans, name="true angle")
)
truth[["image_angle", "correlation", "width", "ambience"]].round(3)

# %% [markdown]
# ## The ruler
#
# The composer's pieces, three of each stereo image: what a number means. The dashed line is the clip.

# %%
ruler = pd.DataFrame(
    [{"image": image, **measured(seed, image=image)} for image in mg.synth.IMAGES for seed in range(3)]
)
summary = mg.summarise(ruler, "image")
figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
for ax, metric in zip(axes, ["width", "ambience"], strict=True):
    mg.plots.response(summary, "image", metric, ax)
    ax.set_title("mean and 95 % interval of three pieces; dashed: the clip", fontsize=7, loc="left", color="#6b6b6b")
    ax.axhline(scores[metric].iloc[0], color="#D55E00", linewidth=1, linestyle="--")

# %% [markdown]
# ## The answer
#
# What each measure reads for the first clip, and which of the composer's images reads most alike: not what the clip
# is, but what it measures like.

# %%
error = (truth["image_angle"] - truth.index).abs().max()
print(f"Of {len(pans)} pieces at known places the angle is off by at most {error:.2g} degrees.")
value = scores.iloc[0]
for metric in MEASURES:
    means = summary[summary["metric"] == metric].set_index("image")[["mean", "lo", "hi"]].dropna(subset="mean")
    row = mg.metrics.METRICS[metric]
    if pd.isna(value[metric]) or means.empty:
        print(f"{row.label}: undefined ({value['reason'] or 'for the pieces'})")
        continue
    distance = (means["mean"] - value[metric]).abs()
    image = (distance if not row.period else distance.where(distance < row.period / 2, row.period - distance)).idxmin()
    reads = f"{value[metric]:.2f} {row.unit}".strip()
    print(f"{row.label}: {reads}; most like {image}: {interval(*means.loc[image], row.unit)}")
