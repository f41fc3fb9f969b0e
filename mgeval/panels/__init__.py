"""Widgets for notebooks: thin views whose callbacks call the library's public functions."""

from __future__ import annotations

from mgeval.panels.clipplayer import ClipPlayer
from mgeval.panels.explorer import Explorer, explore
from mgeval.panels.scatter import Scatter
from mgeval.panels.studiopanel import Studio, studio
from mgeval.panels.sweepbuilder import SweepBuilder, sweep_builder

__all__ = ["ClipPlayer", "Explorer", "Scatter", "Studio", "SweepBuilder", "explore", "studio", "sweep_builder"]
