"""Widgets for notebooks: thin views whose callbacks call the library's public functions."""

from __future__ import annotations

from mgeval.panels.blindtest import Blind, blind
from mgeval.panels.clipplayer import ClipPlayer
from mgeval.panels.comparison import Comparison, compare
from mgeval.panels.explorer import Explorer, explore
from mgeval.panels.scatter import Scatter
from mgeval.panels.studiopanel import Studio, studio
from mgeval.panels.sweepbuilder import SweepBuilder, sweep_builder

__all__ = [
    "Blind",
    "ClipPlayer",
    "Comparison",
    "Explorer",
    "Scatter",
    "Studio",
    "SweepBuilder",
    "blind",
    "compare",
    "explore",
    "studio",
    "sweep_builder",
]
