"""Models: `load_model` finds one by name, `Sampling` holds the settings of a clip."""

from __future__ import annotations

from mgeval.models.base import Generated, Model, Request
from mgeval.models.kinds import (
    DEFAULT_KIND,
    ModelKind,
    kind_of,
    load_model,
    local_identity,
    model_identity,
    model_kinds,
    model_revision,
)
from mgeval.models.musicgen.checkpoint import cached_checkpoint, local_checkpoint
from mgeval.models.musicgen.loading import load_network
from mgeval.models.sampling import FRAME_RATE, LIMITS, Sampling, valid_range, valid_setting

__all__ = [
    "DEFAULT_KIND",
    "FRAME_RATE",
    "LIMITS",
    "Generated",
    "Model",
    "ModelKind",
    "Request",
    "Sampling",
    "cached_checkpoint",
    "kind_of",
    "kinds",
    "load_model",
    "load_network",
    "local_checkpoint",
    "local_identity",
    "model_identity",
    "model_kinds",
    "model_revision",
    "valid_range",
    "valid_setting",
]
