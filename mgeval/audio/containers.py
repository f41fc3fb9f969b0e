"""Detect truncated audio files by the length that their headers declare.

libsndfile silently reads the rest of a truncated WAV or Ogg file, and as much of an MP3 as it estimates. Here the
bytes are compared with the length in the headers.
"""

from __future__ import annotations

import re

from mgeval.errors import AudioError

MPEG_BIT_RATES = {
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates of layer III in kbit/s, by the header's index from 1 on: True for MPEG 1, False for MPEG 2 and 2.5."""


def truncation(data: bytes) -> str | None:
    """Return how a file's bytes contradict the length in its header; None if they do not.

    Raises
    ------
    AudioError
        The file is of a kind whose length cannot be trusted.
    """
    if data[:4] in (b"RIFX", b"RF64"):
        # Their headers would need another parser, and clips never reach 4 GB.
        raise AudioError("is a big-endian or a 64-bit WAV; convert it to WAV or FLAC")
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
            present = len(data) - position - 8
            # Programs that write streams do not know the size and state one near 2 or 4 GB.
            unknown = size >= 2**32 - 4096 or 2**31 - 8192 <= size < 2**31
            return f"it holds {present} of {size} bytes of audio" if present < size and not unknown else None
        position += 8 + size + size % 2
    return "it has no audio data"


def _ogg_truncation(data: bytes) -> str | None:
    if len(re.findall(rb"OggS\x00[\x02\x03\x06\x07]", data)) > 1:
        raise AudioError("has several Ogg streams in one file; split or convert it")
    page = data[data.rfind(b"OggS") :]
    # 27 bytes of header, the last of which is the number of segments; then one byte for the length of each.
    if len(page) < 27 or len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]]):
        return "the last page is incomplete"
    return None if page[5] & 4 else "the last page is not marked as the end of the stream"


def ogg_samples(data: bytes, rate: int) -> int:
    """Return the samples per channel of an Ogg stream, from the position in its last page."""
    last = data.rfind(b"OggS")
    position = int.from_bytes(data[last + 6 : last + 14], "little", signed=True)
    head = data.find(b"OpusHead", 0, 4096)
    if head < 0:
        return position
    # Opus counts at 48 kHz for any rate, and includes a lead-in before the sound.
    return (position - int.from_bytes(data[head + 10 : head + 12], "little")) * rate // 48000


def _mpeg_truncation(data: bytes) -> str | None:
    frames = _mpeg_frames(data)
    if frames and (missing := frames[-1][0] + frames[-1][1] - len(data)) > 0:
        return f"{missing} bytes of its last frame are missing"
    tag = data[frames[0][0] : frames[0][0] + 200] if frames else b""
    start = max(tag.find(b"Xing"), tag.find(b"Info"))
    flags = int.from_bytes(tag[start + 4 : start + 8], "big")
    if start < 0 or flags & 3 != 3 or len(tag) < start + 16:
        return None
    declared, present = int.from_bytes(tag[start + 12 : start + 16], "big"), len(data) - frames[0][0]
    return f"it holds {present} of {declared} bytes" if present < declared else None


def mpeg_samples(data: bytes) -> int:
    """Return the samples per channel in the frames of an MP3, including the encoder's padding."""
    frames = _mpeg_frames(data)
    # The first frame may hold a table of contents instead of sound.
    head = data[frames[0][0] : frames[0][0] + 200] if frames else b""
    return sum(samples for _, _, samples in frames[b"Xing" in head or b"Info" in head :])


def _mpeg_frames(data: bytes) -> list[tuple[int, int, int]]:
    """List the frames of MPEG layer III: position, length in bytes, samples."""
    position = 0
    if data[:3] == b"ID3":
        # The size of the tag uses 7 bits of each byte.
        position = 10 + sum((byte & 127) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    frames = []
    while position + 4 <= len(data):
        word = int.from_bytes(data[position : position + 4], "big")
        version, layer, rate, frequency = word >> 19 & 3, word >> 17 & 3, word >> 12 & 15, word >> 10 & 3
        if word >> 21 != 0x7FF or version == 1 or layer != 1 or rate in (0, 15) or frequency == 3:
            break
        mpeg1 = version == 3
        hertz = (44100, 48000, 32000)[frequency] // {3: 1, 2: 2, 0: 4}[version]
        bits = MPEG_BIT_RATES[mpeg1][rate - 1] * 1000
        length = (144 if mpeg1 else 72) * bits // hertz + (word >> 9 & 1)
        frames.append((position, length, 1152 if mpeg1 else 576))
        position += length
    return frames
