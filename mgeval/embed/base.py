"""What every embedder has, and how a clip is cut into windows."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Sequence

import numpy as np

from mgeval.audio import Audio
from mgeval.errors import ModelError

VALID = "a name that mgeval.embed.load lists, a local path, or a hub id such as 'laion/larger_clap_general'"
"""What a user can name as a checkpoint."""

TAIL = 0.01
"""Seconds: a rest of a clip shorter than this gets no window of its own."""


class Embedder(abc.ABC):
    """Turns clips into vectors, and texts too where it can.

    Attributes
    ----------
    id : str
        Name and content hash, such as ``clap:tiny@0123456789abcdef``: vectors of one id compare,
        others do not.
    rate : int
        Hz at which it hears; clips of other rates are resampled by `Audio.resample`.
    dim : int
        Length of a vector.
    recipe : str
        In words, what is done to a clip before the embedder hears it.
    has_text : bool
        Whether `text` works.
    together : tuple of str
        Channel policies of `mgeval.distances` whose two rows it hears as the two channels of one clip. Of the
        others, and by default of all, each row is heard on its own, as a mono clip.
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
            For each clip float32 ``(windows, dim)``, the windows in order of time. A clip's vectors
            do not depend on the others.
        """

    def text(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts into the space of the clips.

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
            This embedder has no text tower.
        """
        raise ModelError(f"{self.id.split('@')[0]!r} embeds audio only; one that reads texts is 'clap:tiny'")

    def __repr__(self) -> str:
        return f"<{self.id}: {self.dim} numbers per window at {self.rate} Hz>"


def cut(x: np.ndarray, length: int, hop: int, tail: int = 0) -> list[np.ndarray]:
    """Cut a signal into windows that cover it to its end.

    The windows start at 0, ``hop``, 2 ``hop``, as long as they fit; if the last one does not reach
    the end, one more is taken that ends there. A signal shorter than a window comes back whole, as
    the only one.

    Parameters
    ----------
    x : numpy.ndarray
        ``(time,)``.
    length, hop, tail : int
        Samples: of a window, from one start to the next, and of the longest rest that is left out.

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
    """Return the mean of a clip's channels at a rate, float32 ``(time,)`` with at least one sample."""
    mono = clip.mono()
    # soxr may return nothing for less than a sample's worth of time.
    if mono.samples.shape[1] * rate < 2 * mono.rate:
        return np.array([mono.samples[0, 0]], np.float32)
    return mono.resample(rate).samples[0]


def repeat_pad(x: np.ndarray, samples: int) -> np.ndarray:
    """Return a window of exactly ``samples``: a shorter one is repeated whole, the rest filled with zeros.

    As many whole copies as fit: CLAP's own ``repeatpad``, with which its checkpoints are trained.
    """
    if len(x) >= samples:
        return x[:samples]
    copies = np.tile(x, samples // len(x))
    return np.pad(copies, (0, samples - len(copies)))


def check_clips(clips: Iterable[Audio]) -> list[Audio]:
    """Return the clips as a list; a lone `Audio` or anything else in it is refused."""
    if isinstance(clips, Audio):
        raise ModelError("audio() takes a list of clips: put the one clip in brackets")
    clips = list(clips)
    for clip in clips:
        if not isinstance(clip, Audio):
            raise ModelError(
                f"audio() takes mgeval.Audio, not {type(clip).__name__}; mgeval.load_audio(path) makes one"
            )
    return clips


def check_texts(texts: Iterable[str]) -> list[str]:
    """Return the texts as a list; a lone string or anything else in it is refused."""
    if isinstance(texts, str):
        raise ModelError("text() takes a list of texts: put the one text in brackets")
    texts = list(texts)
    for text in texts:
        if not isinstance(text, str):
            raise ModelError(f"text() takes strings, not {type(text).__name__}")
    return texts
