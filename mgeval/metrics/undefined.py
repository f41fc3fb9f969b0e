"""A NaN that states its reason."""

from __future__ import annotations


class Undefined(float):
    """NaN with the reason why a measurement is not defined.

    It behaves as any other NaN: it formats, compares and is stored in arrays as NaN.

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
        """Create a NaN with a reason."""
        self = super().__new__(cls, "nan")
        self.reason = reason
        return self

    # The signature differs from float's, as that of `__new__` does.
    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]
        return (self.reason,)

    def __repr__(self) -> str:
        return f"nan ({self.reason})"
