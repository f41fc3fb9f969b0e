"""The errors that mgeval raises for mistakes that the user can correct.

Each message says what was wrong, where, and what to do; the command line prints it as one line.
Any other error is a bug in mgeval.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MgevalError(ValueError):
    """Base class of all errors that mgeval raises on purpose."""


class AudioError(MgevalError):
    """A file or an array cannot be used as audio."""


class PromptError(MgevalError):
    """A prompt set cannot be read."""


class SamplingError(MgevalError):
    """A sampling setting is outside its valid range."""


class ModelError(MgevalError):
    """A model cannot be loaded, or does not support a request."""


class MetricError(MgevalError):
    """A metric does not exist, or cannot be computed from its input."""


class SweepError(MgevalError):
    """A sweep, a plan or a sweep file is invalid."""


class StoreError(MgevalError):
    """A run's folder cannot be used."""


def nearest(word: str, valid: Iterable[str]) -> str:
    """Suggest the valid word that was probably meant, or list all valid words.

    Parameters
    ----------
    word : str
        The word that the user wrote.
    valid : iterable of str
        The words that are valid.

    Returns
    -------
    str
        The end of a message, such as ``"did you mean 'width'?"``.

    Examples
    --------
    >>> nearest("widht", ["width", "balance_db"])
    "did you mean 'width'?"
    >>> nearest("zzz", ["a", "b"])
    'valid: a, b'
    """
    valid = [str(v) for v in valid]
    close = difflib.get_close_matches(str(word), valid, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"valid: {', '.join(valid)}"


def first_line(error: BaseException) -> str:
    r"""Return another library's error as one line.

    Examples
    --------
    >>> first_line(ValueError("bad\nvery bad"))
    'ValueError: bad'
    """
    text = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
