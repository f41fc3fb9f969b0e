"""The interface of an embedder, and the windows of a clip."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Sequence

import numpy as np

from mgeval.audio import Audio
from mgeval.errors import ModelError

VALID = "a name that mgeval.embed.load lists, a local path, or a hub id such as 'laion/larger_clap_general'"
"""Valid names of a checkpoint, for error messages."""

TAIL = 0.01
"""Seconds: a remainder of a clip shorter than this gets no window of its own."""


class Embedder(abc.ABC):
    """Turns clips into vectors; some embedders embed texts too.

    Attributes
    ----------
    id : str
        Name and content hash, such as ``clap:tiny@0123456789abcdef``: only vectors of the same id are comparable.
    rate : int
        Sample rate of its input in Hz; `Audio.resample` converts clips of other rates.
    dim : int
        Length of a vector.
    recipe : str
        The preprocessing of a clip, in words. It is part of the keys of stored vectors, so its wording must not change.
    has_text : bool
        Whether `text` works.
    together : tuple of str
        Channel policies of `mgeval.distances` whose two rows form the two channels of one input clip. With the
        others, and by default with all, each row is embedded separately, as a mono clip.
    """

    id: str
    rate: int
    dim: int
    recipe: str
    has_text: bool = False
    together: tuple[str, ...] = ()

    @abc.abstractmethod
    def audio(self, clips: Sequence[Audio]) -> list[np.ndarray]:
        """Embed clips.

        Parameters
        ----------
        clips : sequence of Audio
            Mono or stereo, of any rate and length.

        Returns
        -------
        list of numpy.ndarray
            For each clip float32 ``(windows, dim)``, the windows in temporal order. The vectors of a clip
            do not depend on the other clips.
        """

    def text(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts into the same space as the clips.

        Parameters
        ----------
        texts : sequence of str
            Prompts.

        Returns
        -------
        numpy.ndarray
            float32 ``(texts, dim)``.

        Raises
        ------
        ModelError
            This embedder does not embed texts.
        """
        raise ModelError(f"{self.id.split('@')[0]!r} embeds audio only; 'clap:tiny' embeds texts too")

    def __repr__(self) -> str:
        return f"<{self.id}: {self.dim} numbers per window at {self.rate} Hz>"


def cut(x: np.ndarray, length: int, hop: int, tail: int = 0) -> list[np.ndarray]:
    """Cut a signal into windows that cover it to its end.

    The windows start at 0, ``hop``, 2 ``hop``, as long as they fit; if the last one does not reach
    the end, one more window ends there. A signal shorter than a window is returned whole, as
    the only window.

    Parameters
    ----------
    x : numpy.ndarray
        ``(time,)``.
    length, hop, tail : int
        In samples: length of a window, distance of two starts, and the longest remainder that is ignored.

    Returns
    -------
    list of numpy.ndarray
        Views of ``x``.

    Examples
    --------
    >>> [(int(w[0]), len(w)) for w in cut(np.arange(31), 10, 5)]
    [(0, 10), (5, 10), (10, 10), (15, 10), (20, 10), (21, 10)]
    """
    if len(x) <= length:
        return [x]
    starts = list(range(0, len(x) - length + 1, hop))
    if len(x) - (starts[-1] + length) > tail:
        starts.append(len(x) - length)
    return [x[start : start + length] for start in starts]


def mono_at(clip: Audio, rate: int) -> np.ndarray:
    """Return the mean of a clip's channels at the given rate, float32 ``(time,)`` with at least one sample."""
    mono = clip.mono()
    # soxr can return no sample for a clip shorter than one sample period.
    if mono.samples.shape[1] * rate < 2 * mono.rate:
        return np.array([mono.samples[0, 0]], np.float32)
    return mono.resample(rate).samples[0]


def repeat_pad(x: np.ndarray, samples: int) -> np.ndarray:
    """Return a window of exactly ``samples``: repeat a shorter one as often as it fits, then pad with zeros.

    This is CLAP's ``repeatpad``, with which its checkpoints are trained.
    """
    if len(x) >= samples:
        return x[:samples]
    copies = np.tile(x, samples // len(x))
    return np.pad(copies, (0, samples - len(copies)))


def check_clips(clips: Iterable[Audio]) -> list[Audio]:
    """Return the clips as a list.

    Raises
    ------
    ModelError
        It is a single `Audio`, or an element is not an `Audio`.
    """
    if isinstance(clips, Audio):
        raise ModelError("audio() takes a list of clips: put the clip in brackets")
    clips = list(clips)
    for clip in clips:
        if not isinstance(clip, Audio):
            raise ModelError(
                f"audio() takes mgeval.Audio, not {type(clip).__name__}; mgeval.load_audio(path) returns one"
            )
    return clips


def check_texts(texts: Iterable[str]) -> list[str]:
    """Return the texts as a list.

    Raises
    ------
    ModelError
        It is a single string, or an element is not a string.
    """
    if isinstance(texts, str):
        raise ModelError("text() takes a list of texts: put the text in brackets")
    texts = list(texts)
    for text in texts:
        if not isinstance(text, str):
            raise ModelError(f"text() takes strings, not {type(text).__name__}")
    return texts
