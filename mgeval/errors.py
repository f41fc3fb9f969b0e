"""What mgeval raises when the user can do something about it.

Each message says what was wrong, where, and what to do; the command line prints it as one line.
Anything else that escapes is a bug in mgeval.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MgevalError(ValueError):
    """Base of every error that mgeval raises on purpose."""


class AudioError(MgevalError):
    """A file or an array cannot be used as audio."""


class PromptError(MgevalError):
    """A prompt set cannot be read."""


class SamplingError(MgevalError):
    """A sampling setting is outside its valid range."""


class ModelError(MgevalError):
    """A model cannot be loaded, or cannot do what was asked of it."""


class MetricError(MgevalError):
    """A metric that does not exist, or input no metric can be computed from."""


class SweepError(MgevalError):
    """A sweep, a plan or a sweep file is wrong."""


class StoreError(MgevalError):
    """A run's folder cannot be used."""


def nearest(word: str, valid: Iterable[str]) -> str:
    """Say which valid word was probably meant, or list them all.

    Parameters
    ----------
    word : str
        What the user wrote.
    valid : iterable of str
        What could have been written.

    Returns
    -------
    str
        A sentence end such as ``"did you mean 'width'?"``.

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
    """Say in one line what another library's error is about.

    Examples
    --------
    >>> first_line(ValueError("bad\\nvery bad"))
    'ValueError: bad'
    """
    text = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
