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
    # `as` says to type checkers that these are for everyone: they cannot read an `__all__` that is computed.
    from mgeval import embed as embed
    from mgeval import metrics as metrics
    from mgeval import models as models
    from mgeval import panels as panels
    from mgeval import plots as plots
    from mgeval import recipes as recipes
    from mgeval import stats as stats
    from mgeval import synth as synth
    from mgeval.audio import Audio as Audio
    from mgeval.audio import load_audio as load_audio
    from mgeval.audio import save_audio as save_audio
    from mgeval.baselines import controls as controls
    from mgeval.bradley_terry import preferences as preferences
    from mgeval.bradley_terry import ratings as ratings
    from mgeval.bradley_terry import reliability as reliability
    from mgeval.differences import diff as diff
    from mgeval.errors import AudioError as AudioError
    from mgeval.errors import MetricError as MetricError
    from mgeval.errors import MgevalError as MgevalError
    from mgeval.errors import ModelError as ModelError
    from mgeval.errors import PromptError as PromptError
    from mgeval.errors import SamplingError as SamplingError
    from mgeval.errors import StoreError as StoreError
    from mgeval.errors import SweepError as SweepError
    from mgeval.models import Sampling as Sampling
    from mgeval.models import load_model as load_model
    from mgeval.prompts import load_prompts as load_prompts
    from mgeval.ranks import prompt_ranks as prompt_ranks
    from mgeval.references import save_reference as save_reference
    from mgeval.regions import safe_region as safe_region
    from mgeval.reporting import report as report
    from mgeval.running import run as run
    from mgeval.running import start as start
    from mgeval.scoring import measure as measure
    from mgeval.sets import distances as distances
    from mgeval.stats import agreement as agreement
    from mgeval.stats import compare as compare
    from mgeval.stats import effects as effects
    from mgeval.stats import predict_failure as predict_failure
    from mgeval.stats import sample_size as sample_size
    from mgeval.stats import summarise as summarise
    from mgeval.store import Store as Store
    from mgeval.surveys import adherence as adherence
    from mgeval.surveys import failure_table as failure_table
    from mgeval.surveys import token_table as token_table
    from mgeval.sweep import Sweep as Sweep
    from mgeval.timing import onset_table as onset_table
    from mgeval.timing import stretch_table as stretch_table
