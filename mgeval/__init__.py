"""mgeval: how a stereo text-to-music model behaves, and where it fails."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import warnings
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mgeval.version import __version__

_HOMES = {
    "Audio": "audio", "load_audio": "audio", "save_audio": "audio",
    "MgevalError": "errors", "AudioError": "errors", "PromptError": "errors", "SamplingError": "errors",
    "ModelError": "errors", "MetricError": "errors", "SweepError": "errors", "StoreError": "errors",
    "load_prompts": "prompts",
    "Sampling": "models", "load_model": "models",
    "Store": "runs", "Sweep": "runs", "run": "runs", "start": "runs", "diff": "runs", "controls": "runs",
    "measure": "scoring", "segment_table": "scoring", "failure_onsets": "scoring", "adherence": "scoring",
    "failure_table": "scoring", "token_table": "scoring", "distances": "scoring", "save_reference": "scoring",
    "prompt_ranks": "scoring",
    "agreement": "stats", "compare": "stats", "effects": "stats", "predict_failure": "stats", "sample_size": "stats",
    "summarise": "stats", "safe_region": "stats", "preferences": "stats", "ratings": "stats", "reliability": "stats",
    "report": "reporting",
}  # fmt: skip
_MODULES = {
    "embed": "embed",
    "metrics": "metrics",
    "models": "models",
    "panels": "panels",
    "plots": "plots",
    "recipes": "scoring.recipes",
    "stats": "stats",
    "synth": "synth",
}

_RENAMED = {"stretch_table": "segment_table", "onset_table": "failure_onsets"}
"""Names of version 0.1 that work until 0.3."""

_MOVED = {
    "mgeval.store": ("mgeval.tables", "mgeval.runs"),
    "mgeval.regions": ("mgeval.stats.regions",),
    "mgeval.recipes": ("mgeval.scoring.recipes",),
    "mgeval.embed.cache": ("mgeval.scoring.vectors",),
    "mgeval.exports": ("mgeval.runs.trackers",),
}
"""Modules that notebooks and guides of version 0.1 import from, and where their names are now; they work until 0.3."""


class _Moved(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the names of the modules of `_MOVED`."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name in _MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        homes = _MOVED[module.__name__]
        warning = f"{module.__name__} is now {' and '.join(homes)}; the old name goes with 0.3"
        warnings.warn(warning, FutureWarning, stacklevel=2)
        for home in reversed(homes):
            module.__dict__.update({k: v for k, v in vars(importlib.import_module(home)).items() if k[:2] != "__"})


sys.meta_path.append(_Moved())

__all__ = ["__version__", *_HOMES, *_MODULES]


# Names load on first use: `import mgeval` must stay quick, and torch alone takes seconds.
def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(f"mgeval.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return importlib.import_module(f"mgeval.{_MODULES[name]}")
    if name in _RENAMED:
        new = _RENAMED[name]
        warnings.warn(f"mgeval.{name} is now mgeval.{new}; the old name goes with 0.3", FutureWarning, stacklevel=2)
        return __getattr__(new)
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
    from mgeval import stats as stats
    from mgeval import synth as synth
    from mgeval.audio import Audio as Audio
    from mgeval.audio import load_audio as load_audio
    from mgeval.audio import save_audio as save_audio
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
    from mgeval.reporting import report as report
    from mgeval.runs import Store as Store
    from mgeval.runs import Sweep as Sweep
    from mgeval.runs import controls as controls
    from mgeval.runs import diff as diff
    from mgeval.runs import run as run
    from mgeval.runs import start as start
    from mgeval.scoring import adherence as adherence
    from mgeval.scoring import distances as distances
    from mgeval.scoring import failure_onsets as failure_onsets
    from mgeval.scoring import failure_table as failure_table
    from mgeval.scoring import measure as measure
    from mgeval.scoring import prompt_ranks as prompt_ranks
    from mgeval.scoring import recipes as recipes
    from mgeval.scoring import save_reference as save_reference
    from mgeval.scoring import segment_table as segment_table
    from mgeval.scoring import token_table as token_table
    from mgeval.stats import agreement as agreement
    from mgeval.stats import compare as compare
    from mgeval.stats import effects as effects
    from mgeval.stats import predict_failure as predict_failure
    from mgeval.stats import preferences as preferences
    from mgeval.stats import ratings as ratings
    from mgeval.stats import reliability as reliability
    from mgeval.stats import safe_region as safe_region
    from mgeval.stats import sample_size as sample_size
    from mgeval.stats import summarise as summarise
