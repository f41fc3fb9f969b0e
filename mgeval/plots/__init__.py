"""From tables and clips to matplotlib Axes: calm, colour-blind-safe, legible in one column of a paper.

Every function takes data first and Axes last, and returns the Axes; without any it draws a new figure
of one column's width. What cannot be drawn, such as the stereo image of a mono clip, is a blank with
its reason. Colours are Okabe and Ito's (2008), which stay apart under every common colour blindness
and in grey.
"""

from mgeval.plots import forests, grids, image, maps, responses, shares, timelines
from mgeval.plots.forests import *
from mgeval.plots.grids import *
from mgeval.plots.image import *
from mgeval.plots.maps import *
from mgeval.plots.responses import *
from mgeval.plots.shares import *
from mgeval.plots.style import COLOURS, MARKERS
from mgeval.plots.timelines import *

__all__ = [
    "COLOURS", "MARKERS", *forests.__all__, *grids.__all__, *image.__all__, *maps.__all__, *responses.__all__,
    *shares.__all__, *timelines.__all__,
]  # fmt: skip
