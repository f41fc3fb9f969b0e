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

from typing import TYPE_CHECKING

from mgeval.embed.base import Embedder, check_clips
from mgeval.errors import ModelError, nearest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "GROUP", "NAMES", "Embedder", "check_clips", "load",
]  # fmt: skip

NAMES = ("clap:tiny", "encodec:tiny", "mel")
"""What is always there; of others `load` needs a checkpoint."""

KINDS = {
    "clap": ("mgeval.embed.clap", "load_clap"),
    "encodec": ("mgeval.embed.encodec", "load_encodec"),
    "laion": ("mgeval.embed.laion", "load_laion"),
    "mel": ("mgeval.embed.mel", "load_mel"),
    "mert": ("mgeval.embed.mert", "load_mert"),
    "vggish": ("mgeval.embed.vggish", "load_vggish"),
}
"""What a name begins with, and who loads it."""

GROUP = "mgeval.embedders"
"""Entry points by which other packages add kinds: what a name begins with -> ``function(name, revision)``."""


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

        ``mert:PATH``, ``mert:ID``: a MERT, as far as it is a Hubert (``mert:m-a-p/MERT-v1-95M``).

        Other packages add kinds by entry points of the group ``mgeval.embedders``.
    revision : str, optional
        On the hub, a branch, tag or commit.

    Returns
    -------
    Embedder

    Raises
    ------
    ModelError
        Nothing of that name, no network where one is needed, or a checkpoint that is not whole or that does not
        tell sounds or texts apart.
    """
    kind, colon, rest = name.partition(":") if isinstance(name, str) else ("", "", "")
    # Kinds that need no checkpoint bear no colon.
    if kind in KINDS and bool(colon) == bool(rest) and (rest or kind in ("mel", "vggish")):
        from importlib import import_module

        module, function = KINDS[kind]
        return getattr(import_module(module), function)(name, revision)
    found = {point.name: point for point in _entry_points()}
    if kind in found:
        return _foreign(found[kind], name, revision)
    raise ModelError(
        f"no embedder is called {name!r}: {nearest(name, [*NAMES, 'vggish', *found])}; with a checkpoint: "
        "clap:PATH, clap:ID, clap:FILE.pt, laion:FILE.pt, encodec:ID, vggish:FILE, mert:ID"
    )


def _entry_points() -> list[EntryPoint]:
    from importlib.metadata import entry_points

    return list(entry_points(group=GROUP))


def _foreign(point: EntryPoint, name: str, revision: str | None) -> Embedder:
    """Load an embedder of another package's; what it raises is told with its name."""
    from mgeval.embed.checks import check_audio, check_vectors_of_text
    from mgeval.errors import first_line

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
        check_vectors_of_text(embedder, name)
    return embedder
