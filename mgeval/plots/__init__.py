"""Plot tables and clips into matplotlib Axes, for one column of a paper and for colour-blind readers.

Every function takes data first and Axes last, and returns the Axes; without Axes it draws a new figure
one column wide. If something cannot be drawn, such as the stereo image of a mono clip, the Axes stay
empty and show the reason. The colours are those of Okabe and Ito (2008), which can be told apart under
every common colour blindness and in grey.
"""

from mgeval.plots import forests, grids, maps, responses, shares, stereo_image, timelines
from mgeval.plots.forests import *
from mgeval.plots.grids import *
from mgeval.plots.maps import *
from mgeval.plots.responses import *
from mgeval.plots.shares import *
from mgeval.plots.stereo_image import *
from mgeval.plots.style import COLOURS, MARKERS
from mgeval.plots.timelines import *

__all__ = [
    "COLOURS", "MARKERS", *forests.__all__, *grids.__all__, *stereo_image.__all__, *maps.__all__, *responses.__all__,
    *shares.__all__, *timelines.__all__,
]  # fmt: skip
