"""The widgets' own ES modules as one text: a page gets its code over a channel and imports nothing beside it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


@cache
def bundle(entry: str) -> str:
    """Return a module and all it imports as one module without imports.

    Each imported module becomes a function that is called once and returns its exports, so names
    of different modules do not meet. Imports are written ``import { a, b } from "./name.js";``.

    Parameters
    ----------
    entry : str
        The module's name; what it exports is kept.

    Returns
    -------
    str
    """
    order: list[str] = []
    _visit(entry, order)
    parts = [_wrapped(name) for name in order[:-1]]
    return "\n".join([*parts, _linked(_source(entry))])


@cache
def style(*names: str) -> str:
    """Return the style sheet of all widgets, and after it those of these names."""
    return "\n".join((FOLDER / f"{name}.css").read_text(encoding="utf-8") for name in ("panels", *names))


def _source(name: str) -> str:
    return (FOLDER / f"{name}.js").read_text(encoding="utf-8")


def _visit(name: str, order: list[str]) -> None:
    for _, other in _IMPORT.findall(_source(name)):
        if other not in order:
            _visit(other, order)
    order.append(name)


def _linked(source: str) -> str:
    return _IMPORT.sub(lambda found: f"const {{ {found[1].replace(' as ', ': ')} }} = ${found[2]};", source)


def _wrapped(name: str) -> str:
    source = _source(name)
    exports = ", ".join(_EXPORT.findall(source))
    body = _EXPORT.sub("", _linked(source))
    return f"const ${name} = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();"
