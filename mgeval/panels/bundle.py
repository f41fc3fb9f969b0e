"""The widgets' page code and styles, as texts: a page gets its code over a channel and imports nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static"


@cache
def bundle(entry: str) -> str:
    """Return a widget's module with all that it imports; ``make js`` builds it from ``mgeval/panels/js``.

    Parameters
    ----------
    entry : str
        The name of the widget's module.

    Returns
    -------
    str
    """
    return (FOLDER / f"{entry}.js").read_text(encoding="utf-8")


@cache
def style(*names: str) -> str:
    """Return the style sheet of all widgets, and after it those of these names."""
    return "\n".join((FOLDER / f"{name}.css").read_text(encoding="utf-8") for name in ("panels", *names))
