"""Kinds of models: how the name of a model is resolved.

A kind is one row, a `ModelKind` called ``KIND`` in a module or package of this folder, or in another package under an
entry point of the group ``mgeval.models``. Loading, clip keys, the shell, the notebooks and the methods paragraph of a
report read the row; no other list of kinds exists.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from mgeval.errors import ModelError, first_line
from mgeval.models.base import Model
from mgeval.models.sampling import LIMITS

GROUP = "mgeval.models"
"""Entry points by which other packages add kinds; each points to a `ModelKind`."""

DEFAULT_KIND = "musicgen"
"""The kind of every name that does not begin with the name of another kind."""

LOCAL = "local"
"""The identity of every checkpoint in a folder; its revision, a hash of its files, identifies it."""


@dataclass(frozen=True)
class ModelKind:
    """One kind of model.

    Parameters
    ----------
    name : str
        The name of its models.
    load : callable
        ``load(name, device, dtype, revision)`` returns the loaded `Model`; a kind ignores arguments it does not use.
    revision : callable
        ``revision(name)`` returns the revision of the model, without loading its weights.
    meaning : str
        A description for users.
    argument : bool
        Whether its models are called ``NAME:...``, such as ``folder:PATH``, instead of ``NAME``.
    settings : tuple of str
        The fields of `Sampling` that change its clips, besides ``seed``.
    identity : callable
        ``identity(name)`` returns the part of the name that enters a clip's key.
    local_identity : callable, optional
        The same for a name that looks like a hub id but is a folder.
    resolve : callable
        ``resolve(name)`` returns a name that works from any working directory.
    cites : tuple of str
        Keys of the bibliography, or whole BibTeX entries.
    note : str
        Text after a model's name in the methods paragraph, with ``[@key]`` for each entry of ``cites``.
    external : bool
        Whether the clips come from another system, with unknown settings.
    """

    name: str
    load: Callable[[str, str | None, str | None, str | None], Model]
    revision: Callable[[str], str]
    meaning: str
    argument: bool = False
    settings: tuple[str, ...] = tuple(name for name in LIMITS if name != "seed")
    identity: Callable[[str], str] = str
    local_identity: Callable[[str], str] | None = None
    resolve: Callable[[str], str] = str
    cites: tuple[str, ...] = ()
    note: str = ""
    external: bool = False


@cache
def model_kinds() -> dict[str, ModelKind]:
    """Return every kind by its name: those of this folder, then those of other packages."""
    names = [submodule.name for submodule in pkgutil.iter_modules([str(Path(__file__).parent)])]
    modules = [importlib.import_module(f"mgeval.models.{name}") for name in names]
    rows = [module.KIND for module in modules if hasattr(module, "KIND")]
    rows += [_load_entry_point(point) for point in entry_points(group=GROUP)]
    return {row.name: row for row in reversed(rows)}


def _load_entry_point(point: EntryPoint) -> ModelKind:
    name = point.name
    try:
        row: object = point.load()
    # An error in another package must not stop the models of mgeval.
    except Exception as error:
        row = first_line(error)
    if isinstance(row, ModelKind):
        return row
    problem = f"the entry point {name!r} of {GROUP} must be a ModelKind, got {row!r}"

    def fail(*_: object) -> Model:
        raise ModelError(problem)

    return ModelKind(name, fail, fail, problem)  # type: ignore[arg-type]


def kind_of(name: str) -> ModelKind:
    """Return the kind of a model's name."""
    rows = model_kinds()
    head, colon, _ = name.partition(":")
    row = rows.get(head, rows[DEFAULT_KIND])
    return row if row.argument == bool(colon) else rows[DEFAULT_KIND]


def load_model(
    name: str | os.PathLike[str], device: str | None = None, dtype: str | None = None, revision: str | None = None
) -> Model:
    """Load a model by name.

    Parameters
    ----------
    name : str or path-like
        ``tiny``: a small MusicGen-stereo that comes with mgeval. ``synth``: the procedural composer,
        whose ground truth is known. ``folder:PATH``: clips of another system. Other packages add kinds by entry
        points of the group ``mgeval.models``. Any other name is a MusicGen checkpoint, mono or stereo, of any size: a
        local folder or a hub id such as ``facebook/musicgen-stereo-small``. The files of a hub id are downloaded if
        the cache lacks them, and their size is printed first.
    device : str, optional
        ``cpu``, ``cuda``, ``cuda:1``, ``mps``; by default the best available.
    dtype : {'float32', 'bfloat16', 'float16'}, optional
        By default the fastest for the device: bfloat16 on a GPU that supports it, float32 elsewhere.
    revision : str, optional
        Branch, tag or commit on the hub; for a local folder, its expected hash. Revision, device
        and dtype apply to checkpoints only.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        The model or device does not exist, the folder is not a MusicGen checkpoint, or the hub is unreachable.
    """
    name = _as_text(name)
    model = kind_of(name).load(name, device, dtype, revision)
    model.name = name
    return model


def model_identity(name: str) -> str:
    """Return the part of a model's name that enters the clip key; for a local folder the revision alone counts."""
    return kind_of(name).identity(name)


def local_identity(name: str) -> str:
    """Return `model_identity` of a name, assuming that a name that looks like a hub id is a folder."""
    kind = kind_of(name)
    return (kind.local_identity or kind.identity)(name)


def model_revision(name: str | os.PathLike[str]) -> str:
    """Return the revision that `load_model` would load for this name, without loading it.

    Raises
    ------
    ModelError
        The model does not exist; or it is a hub id, not in the local cache, and the hub is unreachable.
    """
    name = _as_text(name)
    return kind_of(name).revision(name)


def _as_text(name: str | os.PathLike[str]) -> str:
    if not isinstance(name, (str, os.PathLike)):
        raise ModelError(f"a model must be a name or a folder, got {name!r}")
    return os.fspath(name)


def resolve_folder(name: str, prefix: str = "") -> str:
    """Return a name with its local folder as an absolute path; return other names unchanged."""
    from mgeval.hub import local_folder

    folder = local_folder(name.removeprefix(prefix))
    return name if folder is None else f"{prefix}{Path(folder).resolve()}"
