"""Runs: plan clips (`Sweep`), make them (`run`, `start`) and keep them (`Store`)."""

from mgeval.runs.control_clips import controls
from mgeval.runs.differences import diff
from mgeval.runs.estimates import estimate
from mgeval.runs.generate import stream_results, write_clip
from mgeval.runs.plan import check_plan, make_request
from mgeval.runs.provenance import origin
from mgeval.runs.runner import Handle, run, start
from mgeval.runs.store import Store, check_store, is_store
from mgeval.runs.store.keys import audio_hash
from mgeval.runs.store.layout import read_record
from mgeval.runs.sweep import Sweep
from mgeval.runs.sweep_file import load_sweep
from mgeval.runs.trackers import scalars, to_mlflow, to_wandb

__all__ = [
    "Handle", "Store", "Sweep", "audio_hash", "check_plan", "check_store", "controls", "diff", "estimate", "is_store",
    "load_sweep", "make_request", "origin", "read_record", "run", "scalars", "start", "stream_results", "to_mlflow",
    "to_wandb", "write_clip",
]  # fmt: skip
