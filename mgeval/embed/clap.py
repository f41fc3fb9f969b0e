"""``clap:...``: a `ClapModel` of transformers, with deterministic windows and a check that its towers work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mgeval.audio import Audio
from mgeval.embed.base import TAIL, Embedder, checked_clips, checked_texts, cut, mono_at, repeat_pad
from mgeval.embed.frontend import log_mel
from mgeval.errors import ModelError, nearest

TINY = Path(__file__).parent / "tiny" / "checkpoint"
HOP = 5.0
"""Seconds from one window to the next."""

BATCH = 8
"""Windows, or 8 times as many texts, that go through a tower at once."""

ALIKE = 0.995
"""Mean cosine between the probes' vectors from which on a tower is taken to be collapsed."""

PROBES = (
    "solo piano, slow and sad",
    "fast electronic track with drums and synth bass",
    "acoustic guitar and flute without drums",
    "drums only at 140 bpm",
    "a cheerful organ melody over strings in C major",
)


class Clap(Embedder):
    """Texts and clips in one space; the cosine says how well they fit.

    48 kHz (or the checkpoint's own rate), mean of the channels: the stereo image is not heard.
    Windows of 10 s (the checkpoint's ``max_length_s``) every 5 s, at fixed places; where they do not
    reach the clip's end, one more ends there, unless less than 10 ms are left. A clip shorter than a
    window is repeated as often as it fits whole and filled with silence. Nothing else is done: no
    loudness or peak normalisation, no 16-bit round trip, no random crop. Louder music is therefore
    another signal, for `clap:tiny` one that was trained for -15..+5 dB.

    Rows have length 1. Checkpoints with feature fusion get their unfused input, as all windows are
    10 s long.

    Parameters
    ----------
    name : str
        The id without its hash.
    folder : pathlib.Path
        Where the checkpoint lies.

    Raises
    ------
    ModelError
        See `load_clap`.
    """

    has_text = True

    def __init__(self, name: str, folder: Path) -> None:
        self.network, self.tokenizer, self.extractor = load_parts(folder)
        self.id = f"{name}@{content_hash(folder)}"
        self.rate = int(self.extractor.sampling_rate)
        self.dim = int(self.network.config.projection_dim)
        self.length = int(self.extractor.nb_max_samples)
        seconds = self.length / self.rate
        self.recipe = (
            f"{self.rate} Hz, mono mean, windows of {seconds:g} s every {HOP:g} s, shorter clips repeat-padded"
        )
        config = self.network.config.text_config
        # Position numbers begin after that of the padding.
        self.longest = config.max_position_embeddings - config.pad_token_id - 1
        self_test(self, folder)

    def audio(self, clips: Sequence[Audio]) -> list[np.ndarray]:
        """Embed clips: for each float32 ``(windows, dim)``, rows of length 1; see `Embedder.audio`."""
        counts, mels = [], []
        for clip in checked_clips(clips):
            windows = cut(mono_at(clip, self.rate), self.length, round(HOP * self.rate), round(TAIL * self.rate))
            counts.append(len(windows))
            mels += [log_mel(repeat_pad(window, self.length), self.extractor) for window in windows]
        parts = [self._hear(np.stack(mels[i : i + BATCH])) for i in range(0, len(mels), BATCH)]
        rows = np.concatenate(parts) if parts else np.zeros((0, self.dim), np.float32)
        return np.split(rows, np.cumsum(counts)[:-1]) if counts else []

    def _hear(self, mels: np.ndarray) -> np.ndarray:
        import torch

        x = torch.from_numpy(mels)[:, None]
        longer = None
        if self.network.config.audio_config.enable_fusion:
            x, longer = x.expand(-1, 4, -1, -1), torch.zeros(len(x), 1, dtype=torch.bool)
        with torch.inference_mode():
            return _unit(self.network.get_audio_features(input_features=x, is_longer=longer))

    def text(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts: float32 ``(texts, dim)``, rows of length 1; what is too long is cut at its end."""
        texts = checked_texts(texts)
        rows = [self._read(texts[i : i + 8 * BATCH]) for i in range(0, len(texts), 8 * BATCH)]
        return np.concatenate(rows) if rows else np.zeros((0, self.dim), np.float32)

    def _read(self, texts: list[str]) -> np.ndarray:
        import torch

        tokens = self.tokenizer(texts, padding=True, truncation=True, max_length=self.longest, return_tensors="pt")
        with torch.inference_mode():
            found = self.network.get_text_features(
                input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
            )
            return _unit(found)


def _unit(found: Any) -> np.ndarray:
    """Return the rows that a tower gave, float32 and of length 1."""
    # Some versions of transformers return the tensor itself, not normalised.
    rows = getattr(found, "pooler_output", found).float().numpy()
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def load_clap(name: str) -> Clap:
    """Load ``clap:tiny`` or ``clap:PATH``.

    Raises
    ------
    ModelError
        No such folder, no CLAP in it, or one that is incomplete or broken: see `load_parts` and
        `self_test`.
    """
    where = name.removeprefix("clap:")
    if where == "tiny":
        return Clap("clap:tiny", TINY)
    folder = Path(where).expanduser()
    if not folder.is_dir():
        raise ModelError(f"{name}: no such folder: {nearest(name, ('clap:tiny',))}, or the path of a local ClapModel")
    # Not the whole path: the same checkpoint elsewhere is the same embedder.
    return Clap(f"clap:{folder.resolve().name}", folder)


def load_parts(folder: Path) -> tuple[Any, Any, Any]:
    """Load network, tokenizer and feature extractor, and refuse what is not whole.

    transformers fills missing tensors with random numbers, and a tokenizer without its vocabulary
    comes up with its special words only; both without an error.

    Raises
    ------
    ModelError
        Not a CLAP checkpoint, weights missing or of another shape, or a tokenizer of another size
        than the text tower's.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(f"{folder}: not a checkpoint, it has no config.json")
    try:
        kind = json.loads(path.read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None
    if kind != "clap":
        raise ModelError(f"{folder}: not a CLAP checkpoint, its model_type is {kind!r} (need 'clap')")
    import torch
    from transformers import AutoFeatureExtractor, AutoTokenizer, ClapModel
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        network, report = ClapModel.from_pretrained(folder, dtype=torch.float32, output_loading_info=True, **local)
        tokenizer = AutoTokenizer.from_pretrained(folder, **local)
        extractor = AutoFeatureExtractor.from_pretrained(folder, **local)
    # What transformers raises depends on the file and the version.
    except Exception as error:
        raise ModelError(f"{folder}: cannot be loaded ({type(error).__name__}: {str(error).splitlines()[0]})") from None
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
    absent = sorted(set(report["missing_keys"]) | {key for key, *_ in report["mismatched_keys"]})
    if absent:
        raise ModelError(f"{folder}: incomplete, {len(absent)} weights are missing or misshapen, such as {absent[0]}")
    words = network.config.text_config.vocab_size
    # Text encoders pad their tables by a few rows, hence not an equality.
    if not 0.9 * words <= len(tokenizer) <= words:
        raise ModelError(
            f"{folder}: broken tokenizer, it has {len(tokenizer)} words and the text tower {words}; "
            "is tokenizer.json missing, or from another model?"
        )
    return network.eval(), tokenizer, extractor


def self_test(clap: Clap, folder: Path) -> None:
    """Refuse a tower that does not tell its inputs apart.

    Five prompts and four sounds must come out finite, and either five or four vectors must not all
    point the same way: mean cosine between them below 0.995.

    Raises
    ------
    ModelError
        The message names the tower and what is wrong with it.
    """
    unknown, known = clap.tokenizer.unk_token_id, clap.tokenizer(list(PROBES))["input_ids"]
    share = np.mean([token == unknown for tokens in known for token in tokens[1:-1]])
    if share > 0.3:
        raise ModelError(f"{folder}: broken tokenizer, it does not know {share:.0%} of plain English prompts")
    _alive(clap.text(PROBES), "text", folder)
    time = np.arange(2 * clap.rate) / clap.rate
    noise = np.random.default_rng(0).normal(0, 0.1, len(time))
    tone = 0.3 * np.sin(2 * np.pi * 440 * time)
    sounds = (noise, tone, noise * np.exp(-8 * (time % 0.5)), 0 * time)
    _alive(np.concatenate(clap.audio([Audio(sound, clap.rate) for sound in sounds])), "audio", folder)


def _alive(rows: np.ndarray, tower: str, folder: Path) -> None:
    if not np.isfinite(rows).all() or np.abs(np.linalg.norm(rows, axis=1) - 1).max() > 1e-3:
        raise ModelError(f"{folder}: broken {tower} tower, it returns NaN, Inf or zeros")
    cosines = rows @ rows.T
    alike = float(cosines[~np.eye(len(rows), dtype=bool)].mean())
    if alike > ALIKE:
        raise ModelError(
            f"{folder}: broken {tower} tower, it gives {len(rows)} different inputs much the same vector "
            f"(mean cosine {alike:.4f}); no score made with it would mean anything"
        )


def content_hash(folder: Path) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of all files that decide a vector, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".safetensors", ".bin", ".json", ".txt") and path.is_file():
            digest.update(f"{path.name} {path.stat().st_size}\n".encode())
            with open(path, "rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()[:16]
