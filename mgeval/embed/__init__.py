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

from mgeval.embed.base import Embedder
from mgeval.errors import ModelError, nearest

__all__ = ["NAMES", "Embedder", "load"]

NAMES = ("clap:tiny", "mel")
"""What `load` knows by name; any other CLAP is ``clap:`` and its folder."""


def load(name: str) -> Embedder:
    """Load an embedder by name.

    Parameters
    ----------
    name : str
        ``mel``: log-mel statistics, no weights. ``clap:tiny``: the small CLAP that comes with mgeval
        and knows the music of `mgeval.synth`. ``clap:PATH``: a local folder with a `ClapModel` of
        transformers and its processor.

    Returns
    -------
    Embedder

    Raises
    ------
    ModelError
        Nothing of that name, or a checkpoint that is not whole or whose towers do not work.
    """
    if name == "mel":
        from mgeval.embed.mel import Mel

        return Mel()
    if isinstance(name, str) and name.startswith("clap:") and name != "clap:":
        from mgeval.embed.clap import load_clap

        return load_clap(name)
    raise ModelError(f"no embedder is called {name!r}: {nearest(name, NAMES)}; a local CLAP is 'clap:PATH'")
