"""Audio in memory and on disk.

Samples are float32 of shape ``(channels, time)``, full scale is +-1, left comes before right. Values
beyond +-1 are valid (models generate them) and are preserved by saving and loading.
"""

from __future__ import annotations

import io
import math
import numbers
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mgeval.audio.containers import mpeg_samples, ogg_samples, truncation
from mgeval.errors import AudioError
from mgeval.files import expand_path, write_atomic

FORMATS = {
    ".wav": ("WAV", "FLOAT"),
    ".flac": ("FLAC", "PCM_24"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
}
"""The formats that `save_audio` writes, by file name ending: libsndfile's format and subtype."""

OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
RATE_LIMIT = 200_000
"""Highest rate in Hz: above it libsndfile's Vorbis encoder crashes the process, and FLAC's limit is close."""
GAIN_TAG = "mgeval gain "
BLOCK = 1 << 16


@dataclass(frozen=True, eq=False)
class Audio:
    """A mono or stereo signal.

    Parameters
    ----------
    samples : array_like of float
        ``(channels, time)``, or ``(time,)`` for mono; copied to float32 and made read-only.
    rate : int
        Samples per second and channel, in Hz.

    Raises
    ------
    AudioError
        The samples do not have 1 or 2 channels, are empty, are integers (whose full scale is unknown), or hold NaN or
        Inf.

    Examples
    --------
    >>> import numpy as np
    >>> a = Audio(np.zeros((2, 32000)), 32000)
    >>> a.channels, a.duration
    (2, 1.0)
    """

    samples: np.ndarray
    rate: int

    def __post_init__(self) -> None:
        try:
            samples = np.asarray(self.samples)
        except ValueError:
            raise AudioError("samples must be (channels, time), got lists of different lengths") from None
        if samples.dtype.kind in "iub":
            raise AudioError(
                f"samples must be floating point numbers with full scale +-1, got {samples.dtype} "
                "(16-bit integers: divide by 32768)"
            )
        if samples.dtype.kind != "f":
            raise AudioError(f"samples must be floating point numbers, got {samples.dtype}")
        if samples.ndim == 1:
            samples = samples[None, :]
        if samples.ndim != 2 or not 1 <= samples.shape[0] <= 2:
            raise AudioError(f"samples must have shape (channels, time) with 1 or 2 channels, got {samples.shape}")
        if samples.shape[1] == 0:
            raise AudioError("empty: there are no samples")
        with np.errstate(over="ignore"):
            samples = np.array(samples, dtype=np.float32, order="C")
        if not np.isfinite(samples).all():
            bad = int((~np.isfinite(samples)).sum())
            raise AudioError(f"{bad} of {samples.size} samples are NaN or Inf")
        object.__setattr__(self, "rate", _whole_hertz(self.rate))
        samples.setflags(write=False)
        object.__setattr__(self, "samples", samples)

    @property
    def channels(self) -> int:
        """Number of channels, 1 or 2."""
        return self.samples.shape[0]

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.samples.shape[1] / self.rate

    @property
    def peak(self) -> float:
        """Largest absolute sample value; 1 is full scale."""
        return float(np.abs(self.samples).max())

    def mono(self) -> Audio:
        """Return the mean of the channels as one channel."""
        return self if self.channels == 1 else Audio(self.samples.mean(axis=0, dtype=np.float64), self.rate)

    def resample(self, rate: int) -> Audio:
        """Return the signal at another rate in Hz (soxr, very high quality)."""
        rate = _whole_hertz(rate)
        if rate == self.rate:
            return self
        import soxr

        return Audio(np.stack([soxr.resample(row, self.rate, rate, quality="VHQ") for row in self.samples]), rate)

    def slice(self, start: float, stop: float) -> Audio:
        """Return the part from ``start`` to ``stop`` seconds, clipped to the length of the signal.

        Raises
        ------
        AudioError
            There is no sample between them.
        """
        edges = [t * self.rate for t in (start, stop)]
        first, last = (round(edge) if math.isfinite(edge) else 0 for edge in edges)
        part = self.samples[:, max(first, 0) : max(last, 0)]
        if part.shape[1] == 0:
            raise AudioError(f"no audio between {start:g} s and {stop:g} s of a clip of {self.duration:g} s")
        return Audio(part, self.rate)

    def __repr__(self) -> str:
        kind = {1: "mono", 2: "stereo"}[self.channels]
        return f"Audio({kind}, {self.duration:.2f} s, {self.rate} Hz)"


def encode_audio(audio: Audio, ending: str = ".flac") -> bytes:
    """Return the bytes of an audio file.

    WAV stores the float samples unchanged; FLAC has 24 bits. If samples exceed +-1, every format
    except WAV stores them divided by a power of two, which is lossless, and stores this
    factor in the comment tag, from which `load_audio` restores the level. Opus supports only some rates:
    others, including 32 kHz, are resampled to 48 kHz, and the file ends with up to 20 ms of silence.

    Parameters
    ----------
    audio : Audio
        The signal.
    ending : {'.wav', '.flac', '.mp3', '.ogg', '.opus'}
        The format, as the ending of a file name.

    Returns
    -------
    bytes

    Raises
    ------
    AudioError
        The ending is unknown, or the format does not support the rate.
    """
    import soundfile

    if ending.lower() not in FORMATS:
        raise AudioError(f"cannot write {ending!r} files, valid: {', '.join(FORMATS)}")
    kind, subtype = FORMATS[ending.lower()]
    if subtype == "OPUS":
        audio = _prepare_opus(audio)
    elif audio.rate > RATE_LIMIT:
        raise AudioError(
            f"cannot write {ending} at {audio.rate} Hz: the rate must be at most {RATE_LIMIT} Hz, resample it first"
        )
    gain = 1.0 if kind == "WAV" else storage_gain(audio.peak)
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(buffer, "w", audio.rate, audio.channels, subtype, format=kind) as file:
            if gain != 1:
                file.comment = f"{GAIN_TAG}{gain:g}"
            frames = audio.samples.T / np.float32(gain)
            # In blocks, because a single large write overflows the stack of libsndfile's Vorbis encoder.
            for start in range(0, len(frames), BLOCK):
                file.write(frames[start : start + BLOCK])
    except (soundfile.LibsndfileError, OverflowError) as error:
        reason = getattr(error, "error_string", "the rate is not supported")
        raise AudioError(f"cannot write {ending} at {audio.rate} Hz: {reason}") from None
    return buffer.getvalue()


def _prepare_opus(audio: Audio) -> Audio:
    audio = audio if audio.rate in OPUS_RATES else audio.resample(48000)
    # libsndfile 1.2 appends a burst of garbage to files whose last packet is nearly full or nearly
    # empty: pad to half a packet of 20 ms.
    packet = audio.rate // 50
    missing = (packet // 2 - audio.samples.shape[1]) % packet
    return Audio(np.pad(audio.samples, ((0, 0), (0, missing))), audio.rate)


def storage_gain(peak: float) -> float:
    """Return the factor, a power of two, by which integer formats divide a signal with this peak."""
    # FLAC's largest code is just below +1, so a peak of exactly 1 also needs the next power.
    return 1.0 if peak < 1 - 2.0**-23 else 2.0 ** (np.floor(np.log2(peak + 2.0**-22)) + 1)


def save_audio(audio: Audio, path: str | os.PathLike[str]) -> Path:
    """Write a WAV, FLAC, MP3, Ogg or Opus file atomically.

    The ending of the file name selects the format; see `encode_audio` for what each format preserves.

    Parameters
    ----------
    audio : Audio
        The signal.
    path : path-like
        The file to write; missing folders are created.

    Returns
    -------
    pathlib.Path
        ``path``.

    Raises
    ------
    AudioError
        The ending is unknown, or the file cannot be written; the message names the file.
    """
    path = expand_path(path)
    try:
        return write_atomic(path, encode_audio(audio, path.suffix))
    except (AudioError, OSError) as error:
        raise AudioError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def audio_files(folder: Path, recursive: bool = True) -> list[Path]:
    """Return the audio files of a folder, by their endings and in order.

    Parameters
    ----------
    folder : pathlib.Path
        Where to look.
    recursive : bool
        Whether to look in its sub-folders too.

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    AudioError
        There is none.
    """
    paths = folder.rglob("*") if recursive else folder.iterdir()
    files = sorted(path for path in paths if path.suffix.lower() in FORMATS and path.is_file())
    if not files:
        raise AudioError(f"{folder}: holds no audio ({', '.join(FORMATS)})")
    return files


def load_audio(path: str | os.PathLike[str]) -> Audio:
    """Read a WAV, FLAC, MP3, Ogg or Opus file with libsndfile, at the rate of the file.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    Audio

    Raises
    ------
    AudioError
        The file is missing, is not audio, is empty, truncated or damaged, has more than two
        channels, or holds NaN or Inf; the message names the file and the reason.
    """
    import soundfile

    path = expand_path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise AudioError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise AudioError(f"{path}: is a folder, not an audio file") from None
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror})") from None
    if not data:
        raise AudioError(f"{path}: the file is empty")
    try:
        if reason := truncation(data):
            raise AudioError(f"truncated, {reason}")
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.format not in ("WAV", "WAVEX", "FLAC", "OGG", "MP3"):
                raise AudioError(f"is {file.format}; convert it to WAV, FLAC, MP3 or Ogg")
            if file.channels > 2:
                raise AudioError(f"has {file.channels} channels, mgeval measures mono and stereo")
            return Audio(_read_samples(file, data) * np.float32(stored_gain(file)), file.samplerate)
    except soundfile.LibsndfileError as error:
        reason = str(error.error_string).removeprefix("Error : ").rstrip(".")
        raise AudioError(f"{path}: not an intact audio file ({reason})") from None
    except AudioError as error:
        raise AudioError(f"{path}: {error}") from None


def _read_samples(file: Any, data: bytes) -> np.ndarray:
    """Read all samples, ``(channels, time)``; raise `AudioError` if there are fewer than the file declares."""
    if file.frames > 2**62:
        raise AudioError(
            "does not state its length, because it was written to a pipe; convert it to a file of known length"
        )
    samples = file.read(dtype="float32", always_2d=True).T
    if samples.shape[1] == 0:
        raise AudioError("holds no samples")
    expected, slack = file.frames, 0
    if file.format == "MP3":
        # libsndfile estimates the length from the bit rate of the first frame, and an encoder may add 3 frames.
        expected, slack = mpeg_samples(data), 3 * 1152
        if samples.shape[1] < expected - slack and samples.shape[1] == file.frames:
            raise AudioError("is an MP3 of varying bit rate that does not state its length; convert it to FLAC")
    if file.format == "OGG":
        # libsndfile only counts samples that it could decode.
        expected = ogg_samples(data, file.samplerate)
    if samples.shape[1] < expected - slack:
        raise AudioError(f"truncated or damaged, it holds {samples.shape[1]} of {expected} samples")
    return samples


def stored_gain(file: Any) -> float:
    """Return the factor that `encode_audio` divided by; 1 for comments that it cannot have written."""
    text = file.comment.removeprefix(GAIN_TAG) if file.comment.startswith(GAIN_TAG) else ""
    try:
        gain = float(text)
    except ValueError:
        return 1.0
    valid = file.format not in ("WAV", "WAVEX") and 2 <= gain <= 2.0**127 and math.frexp(gain)[0] == 0.5
    return gain if valid else 1.0


def _whole_hertz(rate: Any) -> int:
    hertz = float(rate) if isinstance(rate, numbers.Real) and not isinstance(rate, bool) else 0.0
    if not 0 < hertz < 2**31 or not hertz.is_integer():
        raise AudioError(f"rate must be a positive whole number of Hz, got {rate!r}")
    return int(hertz)
