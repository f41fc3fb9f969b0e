"""A NaN that knows why it is one."""

from __future__ import annotations


class Undefined(float):
    """NaN with the reason why a measurement has no meaning.

    It is a float like any other NaN: it formats, compares and goes into an array as NaN.

    Parameters
    ----------
    reason : str
        Why there is no value.

    Examples
    --------
    >>> value = Undefined("the clip is silent")
    >>> value
    nan (the clip is silent)
    >>> value != value
    True
    """

    reason: str

    def __new__(cls, reason: str) -> Undefined:
        self = super().__new__(cls, "nan")
        self.reason = reason
        return self

    # Another signature than a float's, as `__new__` has.
    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]
        return (self.reason,)

    def __repr__(self) -> str:
        return f"nan ({self.reason})"
