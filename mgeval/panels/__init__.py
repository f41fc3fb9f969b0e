"""Widgets for notebooks: thin views whose callbacks call the public functions of the library."""

from __future__ import annotations

from mgeval.panels.blind_test import Blind, blind
from mgeval.panels.builder import SweepBuilder, sweep_builder
from mgeval.panels.comparison import Comparison, compare
from mgeval.panels.explorer import Explorer, explore
from mgeval.panels.player import ClipPlayer
from mgeval.panels.prompt_studio import Studio, studio
from mgeval.panels.scatter import Scatter

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
