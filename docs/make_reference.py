"""The hook that mkdocs.yml names: it makes pages of the site from the code.

`metrics.md` comes from `METRICS` and the docstrings, `reference/` from the public names, `contributing.md` and
`changelog.md` from the texts at the repository's root. None of them is a file under docs/: the texts there link to
files of the repository, and the hook turns these links to the pages.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import math
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from mgeval.metrics import METRICS, Metric

ROOT = Path(__file__).parents[1]

MODULES = {
    "mgeval": "From prompts to tables",
    "mgeval.metrics": "Metrics of a clip",
    "mgeval.metrics.adherence": "Claims of a prompt",
    "mgeval.metrics.distribution": "Distances of sets",
    "mgeval.metrics.tokens.pooled": "Codes, over many clips",
    "mgeval.metrics.failures": "Failures of a clip",
    "mgeval.plots": "Plots",
    "mgeval.panels": "Widgets",
    "mgeval.embed": "Embedders",
    "mgeval.models": "Models",
    "mgeval.prompts": "Prompts",
    "mgeval.synth": "The composer",
    "mgeval.stats": "Statistics",
    "mgeval.scoring.recipes": "Recipes",
    "mgeval.runs": "Runs",
    "mgeval.reporting": "Reports and cards",
    "mgeval.errors": "Errors",
}
"""The reference's pages, in order: module and title."""

CHANNELS = {
    "stereo": ("Stereo image", "Undefined for a mono file."),
    "all": ("Sound", "Computed over all channels."),
    "text": ("Fit to the prompt", "These need a checkpoint; its name is part of the column's name: `clap:tiny`."),
    "tokens": ("Codes", "Computed from the codes that a model drew, by `mgeval.token_table`."),
}

LINKS = {"../README.md#what-is-measured": "metrics.md", "../CONTRIBUTING.md": "contributing.md"}
"""Links of the texts under docs/ into the repository, with the page of the site for each."""

WIDTH = 88
"""Letters of the longest call on one line."""

LISTS = ("Parameters", "Returns", "Yields", "Raises", "Attributes")
"""Sections of a docstring whose entries begin at the margin, with their descriptions indented."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Append the reference's pages to those that mkdocs.yml lists."""
    config.nav = [*config.nav, {"Reference": [{title: f"reference/{name}.md"} for name, title in MODULES.items()]}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Turn links out of docs/ to the generated pages.

    Examples
    --------
    >>> on_page_markdown("[how](../../CONTRIBUTING.md#an-embedder), [all](../README.md#what-is-measured)")
    '[how](../contributing.md#an-embedder), [all](metrics.md)'
    """
    for target, page in LINKS.items():
        markdown = markdown.replace(target, page)
    return markdown


def pages() -> dict[str, str]:
    """Return the generated pages' Markdown by path."""
    texts = {f"reference/{name}.md": module_page(name, title) for name, title in MODULES.items()}
    texts["metrics.md"] = metrics_page()
    for name in ("CONTRIBUTING", "CHANGELOG"):
        # These texts lie above docs/, their pages in it.
        texts[f"{name.lower()}.md"] = (ROOT / f"{name}.md").read_text(encoding="utf-8").replace("](docs/", "](")
    return texts


def metrics_page() -> str:
    """Describe every metric: a table of all, then each with its formula, undefined cases and source."""
    parts = ["# Metrics", "Every metric of a clip, from `mgeval.metrics.METRICS`: a column of the tables that "
             "`mgeval.measure` and `mgeval.token_table` return. An undefined value is NaN, with its reason in the "
             "column `reason`."]  # fmt: skip
    for channels, (title, note) in CHANNELS.items():
        rows = [row for row in METRICS.values() if row.channels == channels]
        parts += [f"## {title}", note, _table(rows)]
        # The header of a module covers all its measures: meaning of letters, frames that count, undefined cases.
        for module in dict.fromkeys(map(_home, rows)):
            parts.append(f"**In `{module}`.** {body(inspect.getdoc(importlib.import_module(module)))}")
        for row in rows:
            call = heading(f"{_home(row)}.{row.name}", row.function)
            parts += [f"### {row.name}", f"```python\n{call}\n```"]
            parts.append(f"*{row.label}.* {body(inspect.getdoc(row.function))}")
        parts += list(_beside(rows))
    return "\n\n".join(parts) + "\n"


def _home(row: Metric) -> str:
    """Return the module from which users call a metric: the package, if it exports what one of its modules defines."""
    module = row.function.__module__
    package = module.rpartition(".")[0]
    exported = getattr(importlib.import_module(package), row.name, None) is row.function
    return package if exported else module


def _beside(rows: Iterable[Metric]) -> Iterator[str]:
    """Describe the other public members of the metrics' modules: profiles that metrics share, and curves over time."""
    for name in dict.fromkeys(map(_home, rows)):
        module = importlib.import_module(name)
        things = {member: thing for member, thing in members(module) if thing.__module__.startswith(name)}
        # The profile that several measures share can be in a module of its own.
        if hasattr(module, "profile"):
            things |= {member: thing for member, thing in vars(module).items() if member.lower().endswith("profile")}
        for member in sorted(things.keys() - METRICS.keys()):
            call = heading(f"{name}.{member}", things[member])
            yield f"### {name.rpartition('.')[2]}.{member}\n\n```python\n{call}\n```"
            yield body(inspect.getdoc(things[member]))


def _table(rows: Iterable[Metric]) -> str:
    lines = ["| metric | unit | range | better | meaning |", "| --- | --- | --- | --- | --- |"]
    for row in rows:
        span = _span(row.low, row.high)
        lines.append(f"| [{row.name}](#{row.name}) | {row.unit} | {span} | {row.better} | {plain(row.meaning)} |")
    return "\n".join(lines)


def _span(low: float, high: float) -> str:
    if math.isinf(low):
        return "any" if math.isinf(high) else f"at most {high:g}"
    return f"at least {low:g}" if math.isinf(high) else f"{low:g} to {high:g}"


def module_page(name: str, title: str) -> str:
    """Describe a module and its public members."""
    module = importlib.import_module(name)
    parts = [f"# {title}", f"`{name}`", body(inspect.getdoc(module))]
    for member, thing in members(module):
        parts += [f"## {member}", f"```python\n{heading(member, thing)}\n```", body(inspect.getdoc(thing))]
        if inspect.isclass(thing):
            parts += [_fields(thing), *_methods(thing)]
    return "\n\n".join(part for part in parts if part) + "\n"


def members(module: ModuleType) -> list[tuple[str, Any]]:
    """Return a module's public functions and classes: those of ``__all__``, or those that it defines."""
    names = getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])
    things = [(name, getattr(module, name)) for name in names]
    things = [(name, thing) for name, thing in things if inspect.isfunction(thing) or inspect.isclass(thing)]
    return things if hasattr(module, "__all__") else [(n, t) for n, t in things if t.__module__ == module.__name__]


def heading(name: str, thing: Any) -> str:
    """Return the call of a function or class; a long call has a line for each parameter.

    Examples
    --------
    >>> heading("members", members)
    'members(module: ModuleType) -> list[tuple[str, Any]]'
    """
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return name
    if inspect.isclass(thing):
        signature = signature.replace(return_annotation=signature.empty)
    text = _readable(f"{name}{signature}")
    if len(text) <= WIDTH:
        return text
    parameters = [_readable(str(parameter)) for parameter in signature.parameters.values()]
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        parameters.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    return f"{name}(\n    " + ",\n    ".join(parameters) + ",\n)" + text.rpartition(")")[2]


def _readable(signature: str) -> str:
    # Annotations are strings, in named tuples ForwardRef('str'); a default with an object's address would differ from
    # build to build.
    unquoted = re.sub(r"""ForwardRef\((['"])(.*?)\1[^)]*\)""", r"\2", signature)
    unquoted = re.sub(r"""(\w: |-> )(['"])(.*?)\2""", r"\1\3", unquoted)
    return re.sub(r"<factory>|<[^<>]* at 0x[0-9a-f]+>", "...", unquoted)


def _fields(kind: type) -> str:
    """List the fields of a class that have a string under them."""
    lines = []
    statements = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0].body
    for field, note in itertools.pairwise(statements):
        if isinstance(field, ast.AnnAssign) and isinstance(note, ast.Expr) and isinstance(note.value, ast.Constant):
            text = prose(inspect.cleandoc(note.value.value)).replace("\n", "\n    ")
            lines.append(f"- **{ast.unparse(field.target)}** (*{plain(ast.unparse(field.annotation))}*): {text}")
    return "\n".join(["**Fields**", "", *lines]) if lines else ""


def _methods(kind: type) -> Iterator[str]:
    for name, thing in vars(kind).items():
        function = thing.fget if isinstance(thing, property) else getattr(thing, "__func__", thing)
        if name.startswith("_") or not inspect.isfunction(function) or not inspect.getdoc(function):
            continue
        call = name if isinstance(thing, property) else heading(name, function)
        yield f"### {kind.__name__}.{name}"
        yield f"```python\n{call}\n```"
        yield body(inspect.getdoc(function))


def body(text: str | None) -> str:
    r"""Return a numpy-style docstring as Markdown.

    Examples
    --------
    >>> print(body("Sum.\n\nReturns\n-------\nfloat\n    In ``dB``."))
    Sum.
    <BLANKLINE>
    **Returns**
    <BLANKLINE>
    - *float*: In ``dB``.
    """
    pieces = re.split(r"^(\w[\w ]*)\n-{3,}\n", text or "", flags=re.MULTILINE)
    parts = [prose(pieces[0])]
    for title, content in zip(pieces[1::2], pieces[2::2], strict=True):
        parts += [f"**{title}**", _entries(content) if title in LISTS else prose(content)]
    return "\n\n".join(part for part in parts if part)


def _entries(content: str) -> str:
    lines = []
    for block in re.split(r"\n(?=\S)", content.strip("\n")):
        first, _, rest = block.partition("\n")
        name, colon, kind = first.partition(" : ")
        head = f"**{plain(name)}** (*{plain(kind)}*)" if colon else f"*{plain(first)}*"
        text = prose(inspect.cleandoc(rest)).replace("\n", "\n    ")
        lines.append(f"- {head}: {text}" if text else f"- {head}")
    return "\n".join(lines)


def prose(text: str) -> str:
    """Return paragraphs as Markdown: doctests and literal blocks become code."""
    parts = []
    for part in re.split(r"\n\s*\n", text.strip("\n")):
        if part.lstrip().startswith(">>>"):
            parts.append(f"```pycon\n{inspect.cleandoc(part)}\n```")
        elif part.startswith("    "):
            parts.append(f"```text\n{inspect.cleandoc(part)}\n```")
        else:
            parts.append(plain(re.sub(r"::$", ":", part.strip())) if part.strip() != "::" else "")
    return "\n\n".join(part for part in parts if part)


def plain(text: str) -> str:
    r"""Escape a text so that nothing outside code becomes Markdown or HTML.

    Examples
    --------
    >>> plain("x * y < ``a * b``, see *A title*")
    'x \\* y &lt; ``a * b``, see *A title*'
    """
    pieces = re.split(r"(``.*?``|`[^`]*`)", text, flags=re.DOTALL)
    # Stars around words mark a title; other stars are escaped.
    free = [re.sub(r"(?<![\w*])(\*[^\s*][^*]*[^\s*]\*)(?![\w*])|\*", lambda m: m[1] or r"\*", p) for p in pieces[::2]]
    free = [piece.replace("<", "&lt;").replace("|", "&#124;") for piece in free]
    return "".join(part for pair in zip(free, [*pieces[1::2], ""], strict=True) for part in pair)
