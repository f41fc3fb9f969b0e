"""The registries of metrics and of failure detectors: each row stands above its function; no other list exists."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

INFINITY = float("inf")

_Function = TypeVar("_Function", bound=Callable[..., Any])
Profile = Callable[[Any, int], Any]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric: a function of a clip, with the texts that tables, plots, widgets, reports and documents show.

    Parameters
    ----------
    function : callable
        ``function(x)`` or ``function(x, rate)``; a 'text' metric takes vectors, a 'tokens' metric takes `Tokens`.
    unit : str
        '' for a number without a unit.
    low, high : float
        The range of its values.
    better : {'higher', 'lower', ''}
        '' if neither is better: most stereo measures describe a clip and do not rate it.
    channels : {'stereo', 'all', 'text', 'tokens'}
        'stereo': undefined for mono; 'all': over all channels of the clip; 'text': mono mean, against the prompt;
        'tokens': no samples, but the codes that a model sampled.
    label : str
        The metric's name on axes and in tables.
    meaning : str
        One line, without a full stop.
    caveat : str
        What a reader must know before using it.
    cites : tuple of str
        Keys of the bibliography, or whole BibTeX entries; mgeval itself by default.
    kind : {'number', 'flag', 'name'}
        'flag': 0 or 1, the mean is a share; 'name': a number that stands for a name, such as a key, without a mean.
    period : float
        The distance after which values repeat, such as 180 degrees for the angle of an axis; 0 if they do not repeat.
    shared : callable, optional
        ``shared(x, rate)`` returns a profile that the function takes in place of samples: a family of metrics
        computes it once.
    version : int
        Counts up with every change of its values: a value that a store keeps under another version is computed again.
    """

    function: Callable[..., float]
    unit: str = ""
    low: float = -INFINITY
    high: float = INFINITY
    better: Literal["higher", "lower", ""] = ""
    channels: Literal["stereo", "all", "text", "tokens"] = "all"
    label: str
    meaning: str
    caveat: str = ""
    cites: tuple[str, ...] = ("mgeval",)
    kind: Literal["number", "flag", "name"] = "number"
    period: float = 0
    shared: Profile | None = None
    version: int = 1

    @property
    def name(self) -> str:
        """The function's name, which is also the column's."""
        return self.function.__name__

    @property
    def timed(self) -> bool:
        """Whether the function takes the rate."""
        return "rate" in inspect.signature(self.function).parameters


@dataclass(frozen=True, kw_only=True)
class Detector:
    """One detector of failures, with the texts that tables, plots and documents show.

    Parameters
    ----------
    function : callable
        ``function(x, rate, threshold)``; returns `Finding` rows.
    meaning : str
        What a flag says about the clip, in one line without a full stop.
    stereo : bool
        Whether it is undefined for mono.
    shared : callable, optional
        As in `Metric`.
    version : int
        Raise it with every change of the results: stored findings of another version are computed again.
    """

    function: Callable[..., Any]
    meaning: str
    stereo: bool = False
    shared: Profile | None = None
    version: int = 1

    @property
    def name(self) -> str:
        """The function's name, which is also the kind of failure."""
        return self.function.__name__

    def __call__(self, x: Any, rate: int, **options: float) -> Any:
        """Look for the failure; see the docstring of the function."""
        return self.function(x, rate, **options)


class Profiles(dict[Profile, Any]):
    """What rows share of one clip, by the function that computes it; each is computed when first asked for."""

    def __init__(self, x: Any, rate: int) -> None:
        self._clip = x, rate

    def __missing__(self, function: Profile) -> Any:
        self[function] = function(*self._clip)
        return self[function]


METRICS: dict[str, Metric] = {}
"""Every metric of a clip by its column name; `measure`, plots and reports read this."""

DETECTORS: dict[str, Detector] = {}
"""Every detector by its kind of failure."""


def metric(**row: Any) -> Callable[[_Function], _Function]:
    """Register a function as a metric; the decorator takes the fields of `Metric`.

    Examples
    --------
    >>> import numpy as np
    >>> @metric(label="Largest sample", meaning="the largest absolute sample", low=0)
    ... def largest(x):
    ...     return float(np.abs(x).max())
    >>> METRICS["largest"].label
    'Largest sample'
    >>> del METRICS["largest"]
    """

    def register(function: _Function) -> _Function:
        METRICS[function.__name__] = Metric(function=function, **row)
        return function

    return register


def detector(**row: Any) -> Callable[[_Function], _Function]:
    """Register a function as a detector of failures; the decorator takes the fields of `Detector`."""

    def register(function: _Function) -> _Function:
        DETECTORS[function.__name__] = Detector(function=function, **row)
        return function

    return register
