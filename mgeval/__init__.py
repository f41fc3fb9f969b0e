"""mgeval: how a stereo text-to-music model behaves, and where it fails."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Audio": "audio", "load_audio": "audio", "save_audio": "audio",
    "MgevalError": "errors", "AudioError": "errors", "PromptError": "errors", "SamplingError": "errors",
    "ModelError": "errors", "MetricError": "errors", "SweepError": "errors", "StoreError": "errors",
    "load_prompts": "prompts",
    "Sampling": "models", "load_model": "models",
    "Store": "store",
    "Sweep": "sweep",
    "run": "running", "start": "running",
    "diff": "differences",
    "measure": "scoring",
    "controls": "baselines",
    "stretch_table": "timing", "onset_table": "timing", "safe_region": "regions",
    "adherence": "surveys", "failure_table": "surveys", "token_table": "surveys",
    "agreement": "stats", "compare": "stats", "effects": "stats", "predict_failure": "stats", "sample_size": "stats",
    "summarise": "stats",
    "report": "reporting",
    "preferences": "bradley_terry", "ratings": "bradley_terry", "reliability": "bradley_terry",
    "distances": "sets", "save_reference": "references", "prompt_ranks": "ranks",
}  # fmt: skip
_MODULES = ("embed", "metrics", "models", "panels", "plots", "recipes", "stats", "synth")

__all__ = ["__version__", *_HOMES, *_MODULES]


# Names load on first use: `import mgeval` must stay quick, and torch alone takes seconds.
def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(f"mgeval.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return importlib.import_module(f"mgeval.{name}")
    raise AttributeError(f"module 'mgeval' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:
    from mgeval import embed, metrics, models, panels, plots, recipes, stats, synth
    from mgeval.audio import Audio, load_audio, save_audio
    from mgeval.baselines import controls
    from mgeval.bradley_terry import preferences, ratings, reliability
    from mgeval.differences import diff
    from mgeval.errors import (
        AudioError,
        MetricError,
        MgevalError,
        ModelError,
        PromptError,
        SamplingError,
        StoreError,
        SweepError,
    )
    from mgeval.models import Sampling, load_model
    from mgeval.prompts import load_prompts
    from mgeval.ranks import prompt_ranks
    from mgeval.references import save_reference
    from mgeval.regions import safe_region
    from mgeval.reporting import report
    from mgeval.running import run, start
    from mgeval.scoring import measure
    from mgeval.sets import distances
    from mgeval.stats import agreement, compare, effects, predict_failure, sample_size, summarise
    from mgeval.store import Store
    from mgeval.surveys import adherence, failure_table, token_table
    from mgeval.sweep import Sweep
    from mgeval.timing import onset_table, stretch_table
