"""MusicGen: decoding engine, codec and loading of checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgeval.hub import MUSICGEN_TINY, is_hub_id, local_folder
from mgeval.models.kinds import LOCAL, ModelKind, resolve_folder
from mgeval.models.musicgen.checkpoint import checkpoint_revision

if TYPE_CHECKING:
    from mgeval.models.musicgen.model import MusicGen


def _path_of(name: str) -> str:
    return str(MUSICGEN_TINY) if name == "tiny" else name


def _load(name: str, device: str | None, dtype: str | None, revision: str | None) -> MusicGen:
    # Torch takes seconds to import.
    from mgeval.models.musicgen.model import load_musicgen

    return load_musicgen(_path_of(name), device=device, dtype=dtype, revision=revision)


KIND = ModelKind(
    name="musicgen",
    load=_load,
    revision=lambda name: checkpoint_revision(_path_of(name)),
    meaning="a MusicGen checkpoint: 'tiny', a hub id such as 'facebook/musicgen-stereo-small', or a local folder",
    identity=lambda name: name if is_hub_id(name) and local_folder(name) is None else LOCAL,
    local_identity=lambda name: LOCAL,
    resolve=lambda name: name if name == "tiny" else resolve_folder(name),
    cites=("copet2023", "defossez2023"),
    note="MusicGen [@copet2023] with EnCodec [@defossez2023]",
)
