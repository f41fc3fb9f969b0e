"""Runs: what to make (`Sweep`), how it is made (`run`, `start`), and where it is kept (`Store`)."""

from mgeval.runs.control_clips import controls
from mgeval.runs.differences import diff
from mgeval.runs.runner import Handle, run, start
from mgeval.runs.store import Store
from mgeval.runs.sweep import Sweep
from mgeval.runs.sweep_file import load_sweep
from mgeval.runs.trackers import scalars, to_mlflow, to_wandb

__all__ = [
    "Handle",
    "Store",
    "Sweep",
    "controls",
    "diff",
    "load_sweep",
    "run",
    "scalars",
    "start",
    "to_mlflow",
    "to_wandb",
]
