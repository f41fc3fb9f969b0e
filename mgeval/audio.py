"""Audio in memory and on disk.

Samples are float32 of shape ``(channels, time)``, full scale is +-1, left comes before right. Values
beyond +-1 are legal (models make them) and survive a save and a load.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mgeval.errors import AudioError
from mgeval.files import write_atomic

FORMATS = {
    ".wav": ("WAV", "FLOAT"),
    ".flac": ("FLAC", "PCM_24"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
}
"""What `save_audio` writes, by file name ending: libsndfile's format and subtype."""

OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
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
        samples = np.asarray(self.samples)
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
        if isinstance(self.rate, bool) or int(self.rate) != self.rate or self.rate <= 0:
            raise AudioError(f"rate is {self.rate!r}, need a positive whole number of Hz")
        samples.setflags(write=False)
        object.__setattr__(self, "samples", samples)
        object.__setattr__(self, "rate", int(self.rate))

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
        if rate == self.rate:
            return self
        import soxr

        samples = soxr.resample(self.samples.T, self.rate, rate, quality="VHQ").T
        return Audio(samples, rate)

    def slice(self, start: float, stop: float) -> Audio:
        """Return the part from ``start`` to ``stop`` seconds, as far as the signal goes.

        Raises
        ------
        AudioError
            No sample lies between them.
        """
        first, last = (round(t * self.rate) for t in (start, stop))
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
    others, 32 kHz among them, are resampled to 48 kHz.

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
    if subtype == "OPUS" and audio.rate not in OPUS_RATES:
        audio = audio.resample(48000)
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
    except soundfile.LibsndfileError as error:
        raise AudioError(f"cannot write {ending} at {audio.rate} Hz: {error.error_string}") from None
    return buffer.getvalue()


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
    path = Path(path)
    try:
        return write_atomic(path, encode_audio(audio, path.suffix))
    except (AudioError, OSError) as error:
        raise AudioError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


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

    path = Path(path)
    if not path.exists():
        raise AudioError(f"{path}: no such file")
    if path.is_dir():
        raise AudioError(f"{path}: is a folder, not an audio file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror})") from None
    if not data:
        raise AudioError(f"{path}: the file is empty")
    if reason := truncation(data):
        raise AudioError(f"{path}: truncated, {reason}")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.channels > 2:
                raise AudioError(f"{path}: has {file.channels} channels, mgeval measures mono and stereo")
            if file.frames == 0:
                raise AudioError(f"{path}: holds no samples")
            expected, rate, comment = file.frames, file.samplerate, file.comment
            samples = file.read(dtype="float32", always_2d=True).T
    except soundfile.LibsndfileError as error:
        reason = str(error.error_string).removeprefix("Error : ").rstrip(".")
        raise AudioError(f"{path}: not an intact audio file ({reason})") from None
    if samples.shape[1] == 0:
        raise AudioError(f"{path}: holds no samples")
    # Compressed formats may overstate their length by an encoder's padding, never by a second.
    if expected - samples.shape[1] >= (1 if data[:4] in (b"fLaC", b"RIFF") else rate):
        raise AudioError(f"{path}: truncated, {samples.shape[1]} of {expected} samples are there")
    try:
        if comment.startswith(GAIN_TAG):
            samples = samples * np.float32(comment.removeprefix(GAIN_TAG))
        return Audio(samples, rate)
    except (AudioError, ValueError) as error:
        raise AudioError(f"{path}: {error}") from None


def truncation(data: bytes) -> str | None:
    """Say how a file's bytes contradict the length that its own header declares, if they do.

    libsndfile reads what is there of a cut WAV or Ogg file without a word.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return _riff_truncation(data)
    if data[:4] == b"OggS":
        return _ogg_truncation(data)
    if data[:3] == b"ID3" or data[:1] == b"\xff":
        return _mpeg_truncation(data)
    return None


def _riff_truncation(data: bytes) -> str | None:
    position = 12
    while position + 8 <= len(data):
        name, size = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        if name == b"data":
            there = len(data) - position - 8
            # 0 and 2**32 - 1 mean a stream of unknown length.
            return f"{there} of {size} bytes of audio are there" if there < size < 2**32 - 1 else None
        position += 8 + size + size % 2
    return "there is no audio data"


def _ogg_truncation(data: bytes) -> str | None:
    page = data[data.rfind(b"OggS") :]
    # 27 bytes of header, the last of which counts the segments; a byte each for their lengths.
    if len(page) < 27 or len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]]):
        return "the last page is cut"
    return None if page[5] & 4 else "the last page is not marked as the end of the stream"


def _mpeg_truncation(data: bytes) -> str | None:
    start = 0
    if data[:3] == b"ID3":
        # The tag's size has 7 bits a byte.
        start = 10 + sum((byte & 127) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    head = data[start : start + 200]
    tag = max(head.find(b"Xing"), head.find(b"Info"))
    if tag < 0 or len(head) < tag + 16:
        return None
    flags = int.from_bytes(head[tag + 4 : tag + 8], "big")
    if flags & 3 != 3:
        return None
    declared, there = int.from_bytes(head[tag + 12 : tag + 16], "big"), len(data) - start
    return f"{there} of {declared} bytes are there" if there < declared else None
