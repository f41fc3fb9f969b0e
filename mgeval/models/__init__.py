"""Models: `load_model` finds one by name, `Sampling` says how it draws."""

from __future__ import annotations

import os

from mgeval.errors import ModelError
from mgeval.models.base import Generated, Model, Request
from mgeval.models.sampling import FRAME_RATE, LIMITS, Sampling, valid_range

LOCAL = "local"
"""The identity of every checkpoint in a folder."""

__all__ = [
    "FRAME_RATE",
    "LIMITS",
    "Generated",
    "Model",
    "Request",
    "Sampling",
    "load_model",
    "model_identity",
    "model_revision",
    "valid_range",
]


def load_model(
    name: str | os.PathLike[str], device: str | None = None, dtype: str | None = None, revision: str | None = None
) -> Model:
    """Load a model by name.

    Parameters
    ----------
    name : str or path-like
        ``tiny``: a small MusicGen-stereo that comes with mgeval. ``synth``: the procedural composer,
        whose truth is known. ``folder:PATH``: clips that another system made. Anything else is a
        MusicGen checkpoint, mono or stereo, of any size: a local folder or a hub id such as
        ``facebook/musicgen-stereo-small``. What a hub id needs is downloaded, after its size was
        printed.
    device : str, optional
        ``cpu``, ``cuda``, ``cuda:1``, ``mps``; by default the best that is there.
    dtype : {'float32', 'bfloat16', 'float16'}, optional
        By default what is fast there: bfloat16 on a GPU that has it, float32 elsewhere.
    revision : str, optional
        Branch, tag or commit on the hub; of a local folder, the hash that it must have. This, device
        and dtype concern checkpoints only.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        Nothing of that name, not a MusicGen checkpoint, no network, or no such device.
    """
    name = _name(name)
    if name == "synth":
        from mgeval.models.composer import Composer

        return Composer()
    if name.startswith("folder:"):
        from mgeval.models.folder import Folder

        return Folder(name)
    from mgeval.models.musicgen.model import load_musicgen

    model = load_musicgen(_place(name), device=device, dtype=dtype, revision=revision)
    model.name = name
    return model


def _name(name: str | os.PathLike[str]) -> str:
    if not isinstance(name, (str, os.PathLike)):
        raise ModelError(f"a model is {name!r}: its name or its folder is needed")
    return os.fspath(name)


def model_identity(name: str) -> str:
    """Return what of a model's name decides its sound: nothing of a local folder's, whose revision says all."""
    if name.startswith("folder:"):
        return "folder:"
    from mgeval.models.musicgen.checkpoint import is_hub_id, local_folder

    return name if name == "synth" or (is_hub_id(name) and local_folder(name) is None) else LOCAL


def elsewhere(name: str) -> str:
    """Return `model_identity` of a name where what looks like a hub id is a folder of that name."""
    found = model_identity(name)
    return found if name == "synth" or found != name else LOCAL


def model_revision(name: str | os.PathLike[str]) -> str:
    """Return the revision that `load_model` of this name would load, without loading it.

    Raises
    ------
    ModelError
        Nothing of that name; or a hub id that is neither in the local cache nor can be asked for.
    """
    name = _name(name)
    if name == "synth" or name.startswith("folder:"):
        return load_model(name).revision
    from mgeval.models.musicgen.checkpoint import checkpoint_revision

    return checkpoint_revision(_place(name))


def _place(name: str) -> str:
    """Return where a checkpoint is to be looked for."""
    from mgeval.hub import MUSICGEN_TINY

    return str(MUSICGEN_TINY) if name == "tiny" else name
