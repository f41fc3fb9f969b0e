"""From tables and clips to matplotlib Axes: calm, colour-blind-safe, legible in one column of a paper.

Every function takes data first and Axes last, and returns the Axes; without any it draws a new figure
of one column's width. What cannot be drawn, such as the stereo image of a mono clip, is a blank with
its reason. Colours are Okabe and Ito's (2008), which stay apart under every common colour blindness
and in grey.
"""

from mgeval.plots.forests import forest
from mgeval.plots.grids import failure_atlas, heatmap
from mgeval.plots.image import coherence, correlation_meter, goniometer, vectorscope, width_over_time
from mgeval.plots.maps import mid_side, panning_map
from mgeval.plots.responses import response
from mgeval.plots.shares import adherence
from mgeval.plots.style import COLOURS, MARKERS
from mgeval.plots.timelines import failure_timeline, token_curves

__all__ = [
    "COLOURS",
    "MARKERS",
    "adherence",
    "coherence",
    "correlation_meter",
    "failure_atlas",
    "failure_timeline",
    "forest",
    "goniometer",
    "heatmap",
    "mid_side",
    "panning_map",
    "response",
    "token_curves",
    "vectorscope",
    "width_over_time",
]
