"""Audio in memory and on disk.

Samples are float32 of shape ``(channels, time)``, full scale is +-1, left comes before right. Values
beyond +-1 are legal (models make them) and survive a save and a load.
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
"""What `save_audio` writes, by file name ending: libsndfile's format and subtype."""

OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
RATE_LIMIT = 200_000
"""Beyond it libsndfile's Vorbis encoder brings the whole process down, and FLAC ends soon after."""
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
        Not 1 or 2 channels, no samples, integers (their full scale is unknown), NaN or Inf.

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
            raise AudioError("samples are lists of different lengths, need (channels, time)") from None
        if samples.dtype.kind in "iub":
            raise AudioError(
                f"samples are {samples.dtype}: convert to float with full scale +-1 first "
                "(16-bit integers: divide by 32768)"
            )
        if samples.dtype.kind != "f":
            raise AudioError(f"samples are {samples.dtype}, floating point numbers are needed")
        if samples.ndim == 1:
            samples = samples[None, :]
        if samples.ndim != 2 or not 1 <= samples.shape[0] <= 2:
            raise AudioError(f"samples have shape {samples.shape}, need (channels, time) with 1 or 2 channels")
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
        """1 or 2."""
        return self.samples.shape[0]

    @property
    def duration(self) -> float:
        """Seconds."""
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
        """Return the part from ``start`` to ``stop`` seconds, as far as the signal goes.

        Raises
        ------
        AudioError
            No sample lies between them.
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

    WAV keeps the float samples as they are; FLAC has 24 bits. Where samples pass +-1, every format
    but WAV stores them divided by a power of two, which loses nothing in the division, and the
    factor in the comment tag, from where `load_audio` restores it. Opus knows only some rates:
    others, 32 kHz among them, are resampled to 48 kHz; up to 20 ms of silence follow in the file.

    Parameters
    ----------
    audio : Audio
        The signal.
    ending : {'.wav', '.flac', '.mp3', '.ogg', '.opus'}
        The format, as a file name ends.

    Returns
    -------
    bytes

    Raises
    ------
    AudioError
        The ending is none of these, or the format does not know the rate.
    """
    import soundfile

    if ending.lower() not in FORMATS:
        raise AudioError(f"cannot write {ending!r} files, valid: {', '.join(FORMATS)}")
    kind, subtype = FORMATS[ending.lower()]
    if subtype == "OPUS":
        audio = _prepare_opus(audio)
    elif audio.rate > RATE_LIMIT:
        raise AudioError(f"cannot write {ending} at {audio.rate} Hz, {RATE_LIMIT} at most: resample it first")
    gain = 1.0 if kind == "WAV" else storage_gain(audio.peak)
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(buffer, "w", audio.rate, audio.channels, subtype, format=kind) as file:
            if gain != 1:
                file.comment = f"{GAIN_TAG}{gain:g}"
            frames = audio.samples.T / np.float32(gain)
            # In blocks: libsndfile's Vorbis encoder overflows its stack on one large write.
            for start in range(0, len(frames), BLOCK):
                file.write(frames[start : start + BLOCK])
    except (soundfile.LibsndfileError, OverflowError) as error:
        reason = getattr(error, "error_string", "no such rate")
        raise AudioError(f"cannot write {ending} at {audio.rate} Hz: {reason}") from None
    return buffer.getvalue()


def _prepare_opus(audio: Audio) -> Audio:
    audio = audio if audio.rate in OPUS_RATES else audio.resample(48000)
    # libsndfile 1.2 ends files whose last packet is nearly full or nearly empty in a burst of
    # garbage: pad to half a packet of 20 ms.
    packet = audio.rate // 50
    missing = (packet // 2 - audio.samples.shape[1]) % packet
    return Audio(np.pad(audio.samples, ((0, 0), (0, missing))), audio.rate)


def storage_gain(peak: float) -> float:
    """Return the factor by which an integer format divides a signal of this peak: a power of two."""
    # FLAC's largest code is just below +1, so a peak of exactly 1 needs the next power as well.
    return 1.0 if peak < 1 - 2.0**-23 else 2.0 ** (np.floor(np.log2(peak + 2.0**-22)) + 1)


def save_audio(audio: Audio, path: str | os.PathLike[str]) -> Path:
    """Write a WAV, FLAC, MP3, Ogg or Opus file, whole or not at all.

    The file name's ending chooses the format; see `encode_audio` for what each one keeps.

    Parameters
    ----------
    audio : Audio
        The signal.
    path : path-like
        Where to write; missing folders are made.

    Returns
    -------
    pathlib.Path
        ``path``.

    Raises
    ------
    AudioError
        Unknown ending, or the file cannot be written; the message names the file.
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
    """Read a WAV, FLAC, MP3, Ogg or Opus file (whatever libsndfile reads) at its own rate.

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
    """Read all samples, ``(channels, time)``, and hold their number against what the file promises."""
    if file.frames > 2**62:
        raise AudioError("does not state its length, it was written to a pipe; convert it to a file of known length")
    samples = file.read(dtype="float32", always_2d=True).T
    if samples.shape[1] == 0:
        raise AudioError("holds no samples")
    expected, slack = file.frames, 0
    if file.format == "MP3":
        # libsndfile guesses the length from the first frame's bit rate, and an encoder may pad 3 frames.
        expected, slack = mpeg_samples(data), 3 * 1152
        if samples.shape[1] < expected - slack and samples.shape[1] == file.frames:
            raise AudioError("an MP3 of varying bit rate that does not state its length; convert it to FLAC")
    if file.format == "OGG":
        # It counts only what it could make sense of.
        expected = ogg_samples(data, file.samplerate)
    if samples.shape[1] < expected - slack:
        raise AudioError(f"truncated or damaged, {samples.shape[1]} of {expected} samples are there")
    return samples


def stored_gain(file: Any) -> float:
    """Return the factor that `encode_audio` divided by; a foreign comment that looks like ours is none."""
    text = file.comment.removeprefix(GAIN_TAG) if file.comment.startswith(GAIN_TAG) else ""
    try:
        gain = float(text)
    except ValueError:
        return 1.0
    ours = file.format not in ("WAV", "WAVEX") and 2 <= gain <= 2.0**127 and math.frexp(gain)[0] == 0.5
    return gain if ours else 1.0


def _whole_hertz(rate: Any) -> int:
    hertz = float(rate) if isinstance(rate, numbers.Real) and not isinstance(rate, bool) else 0.0
    if not 0 < hertz < 2**31 or not hertz.is_integer():
        raise AudioError(f"rate is {rate!r}, need a positive whole number of Hz")
    return int(hertz)
