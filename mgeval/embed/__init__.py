"""Embedders: `load` finds one by name; each turns clips into vectors, and texts too where it can.

Every embedder does its own downmix and resampling, and says so in its docstring and its ``recipe``.

Examples
--------
>>> import mgeval as mg
>>> mel = mg.embed.load("mel")
>>> audio, _ = mg.synth.compose(mg.synth.Spec(duration=3), seed=0)
>>> [rows.shape for rows in mel.audio([audio])]
[(3, 128)]
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from mgeval.embed.base import Embedder, check_clips
from mgeval.errors import ModelError, first_line, nearest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "GROUP", "NAMES", "Embedder", "check_clips", "load",
]  # fmt: skip

NAMES = ("clap:tiny", "encodec:tiny", "mel")
"""The embedders that come with mgeval; `load` needs a checkpoint for any other."""

GROUP = "mgeval.embedders"
"""Entry points by which other packages add kinds: the kind's name -> ``function(name, revision)``."""


def load(name: str, revision: str | None = None) -> Embedder:
    """Load an embedder by name.

    Parameters
    ----------
    name : str
        ``mel``: log-mel statistics, no weights.

        ``clap:tiny``: the small CLAP that comes with mgeval and knows the music of `mgeval.synth`.
        ``clap:PATH`` and ``clap:ID``: a `ClapModel` of transformers, a local folder or on the hub
        (``clap:laion/larger_clap_general``). ``clap:FILE.pt``: one of LAION's own checkpoints, by its path or
        by its name in the hub's ``lukewys/laion_clap`` (``clap:music_audioset_epoch_15_esc_90.14.pt``).

        ``laion:FILE.pt``: the same checkpoints in the laion-clap package, as a second opinion.

        ``encodec:tiny``, ``encodec:PATH``, ``encodec:ID``: the latents of an EnCodec
        (``encodec:facebook/encodec_24khz``) or of a MusicGen's codec, before quantising.

        ``vggish``, ``vggish:FILE``: VGGish without PCA and last ReLU.

        ``mert:PATH``, ``mert:ID``: a MERT that has Hubert's architecture (``mert:m-a-p/MERT-v1-95M``).

        Other packages add kinds by entry points of the group ``mgeval.embedders``.
    revision : str, optional
        On the hub, a branch, tag or commit.

    Returns
    -------
    Embedder

    Raises
    ------
    ModelError
        There is no embedder of that name, the network is needed and unreachable, or the checkpoint is incomplete or
        does not distinguish sounds or texts.
    """
    kind, colon, rest = name.partition(":") if isinstance(name, str) else ("", "", "")
    module = _kind_module(kind)
    # A kind that is complete without a checkpoint lists its bare name.
    if module is not None and bool(colon) == bool(rest) and (rest or kind in _forms(module)):
        return _loader(module)(name, revision)
    points = {point.name: point for point in _entry_points()}
    if kind in points:
        return _load_external(points[kind], name, revision)
    forms = [form for module in _kind_modules() for form in _forms(module)]
    names = [form for form in forms if form.islower()]
    patterns = [form for form in forms if not form.islower()]
    raise ModelError(
        f"no embedder is called {name!r}: {nearest(name, [*names, *points])}; with a checkpoint: {', '.join(patterns)}"
    )


# A kind is a module or package of this folder that has `load_<its name>`, and may list in FORMS how its embedders are
# called: a new kind is one new file. Only the module that a name asks for is imported, all of them for an error.


def _kind_modules() -> list[ModuleType]:
    """Return the modules of all kinds, by name."""
    modules = [_kind_module(name) for name in _submodules()]
    return [module for module in modules if module is not None]


def _kind_module(name: str) -> ModuleType | None:
    """Return the module of a kind; None if there is no such module, or it is a helper."""
    if name not in _submodules():
        return None
    module = import_module(f"{__name__}.{name}")
    return module if hasattr(module, f"load_{name}") else None


def _submodules() -> list[str]:
    return sorted(found.name for found in pkgutil.iter_modules(__path__))


def _loader(module: ModuleType) -> Callable[[str, str | None], Embedder]:
    """Return the function that loads a kind's embedders: ``load_<kind>(name, revision)``."""
    return getattr(module, f"load_{module.__name__.rpartition('.')[2]}")


def _forms(module: ModuleType) -> tuple[str, ...]:
    """Return how a kind's embedders are called, with placeholders in capitals; by default the kind's bare name."""
    return getattr(module, "FORMS", (module.__name__.rpartition(".")[2],))


def _entry_points() -> list[EntryPoint]:
    from importlib.metadata import entry_points

    return list(entry_points(group=GROUP))


def _load_external(point: EntryPoint, name: str, revision: str | None) -> Embedder:
    """Load an embedder of another package; an error names it."""
    from mgeval.embed.checks import check_audio, check_text_vectors

    try:
        embedder = point.load()(name, revision)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{name}: {point.value} cannot load it ({first_line(error)})") from error
    if not isinstance(embedder, Embedder):
        raise ModelError(f"{name}: {point.value} returned {type(embedder).__name__}, not an mgeval.embed.Embedder")
    check_audio(embedder, name)
    if embedder.has_text:
        check_text_vectors(embedder, name)
    return embedder
