"""Pages of the site that are made from the code when it is built: the hook that mkdocs.yml names.

`metrics.md` comes from `METRICS` and the docstrings, `reference/` from the public names, `contributing.md` and
`changelog.md` from the texts at the repository's root. None of them is a file under docs/: the texts there link to
what the repository has in their place, and the links are turned here.
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
    "all": ("Sound", "Over all channels there are."),
    "text": ("Fit to the prompt", "These need a checkpoint, whose name their columns carry: `clap:tiny`."),
    "tokens": ("Codes", "Of the codes that a model drew; `mgeval.token_table` computes them."),
}

ELSEWHERE = {"../README.md#what-is-measured": "metrics.md", "../CONTRIBUTING.md": "contributing.md"}
"""What the texts under docs/ link to in the repository, and the page of the site that stands for it."""

WIDTH = 88
"""Letters of a call that still stands on one line."""

LISTS = ("Parameters", "Returns", "Yields", "Raises", "Attributes")
"""Sections of a docstring whose entries begin at the margin, each with its description indented under it."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the reference's pages behind those that mkdocs.yml lists."""
    config.nav = [*config.nav, {"Reference": [{title: f"reference/{name}.md"} for name, title in MODULES.items()]}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made here."""
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Turn links out of docs/ to the pages that are made here.

    Examples
    --------
    >>> on_page_markdown("[how](../../CONTRIBUTING.md#an-embedder), [all](../README.md#what-is-measured)")
    '[how](../contributing.md#an-embedder), [all](metrics.md)'
    """
    for target, page in ELSEWHERE.items():
        markdown = markdown.replace(target, page)
    return markdown


def pages() -> dict[str, str]:
    """Return the made pages' Markdown by path."""
    made = {f"reference/{name}.md": module_page(name, title) for name, title in MODULES.items()}
    made["metrics.md"] = metrics_page()
    for name in ("CONTRIBUTING", "CHANGELOG"):
        # What lies beside these texts lies above the site's pages.
        made[f"{name.lower()}.md"] = (ROOT / f"{name}.md").read_text(encoding="utf-8").replace("](docs/", "](")
    return made


def metrics_page() -> str:
    """Describe every metric: a table of all, then each with its formula, undefined cases and source."""
    parts = ["# Metrics", "Every metric of a clip, from `mgeval.metrics.METRICS`: a column of the tables that "
             "`mgeval.measure` and `mgeval.token_table` return. What has no meaning is NaN, and the column `reason` "
             "says why."]  # fmt: skip
    for channels, (title, note) in CHANNELS.items():
        rows = [row for row in METRICS.values() if row.channels == channels]
        parts += [f"## {title}", note, _table(rows)]
        # What a module says of all its measures: what the letters mean, which frames count, what is undefined.
        for module in dict.fromkeys(row.function.__module__ for row in rows):
            parts.append(f"**In `{module}`.** {body(inspect.getdoc(importlib.import_module(module)))}")
        for row in rows:
            call = heading(f"{row.function.__module__}.{row.name}", row.function)
            parts += [f"### {row.name}", f"```python\n{call}\n```"]
            parts.append(f"*{row.label}.* {body(inspect.getdoc(row.function))}")
        parts += list(_beside(rows))
    return "\n\n".join(parts) + "\n"


def _beside(rows: Iterable[Metric]) -> Iterator[str]:
    """Describe what the metrics' modules hold for users beside the metrics: what they share, their course in time."""
    for name in dict.fromkeys(row.function.__module__ for row in rows):
        module = importlib.import_module(name)
        found = {member: thing for member, thing in members(module) if thing.__module__ == name}
        # What samples are made into, so that several measures share it, can stand in a module of its own.
        if hasattr(module, "profile"):
            found |= {member: thing for member, thing in vars(module).items() if member.lower().endswith("profile")}
        for member in sorted(found.keys() - METRICS.keys()):
            call = heading(f"{name}.{member}", found[member])
            yield f"### {name.rpartition('.')[2]}.{member}\n\n```python\n{call}\n```"
            yield body(inspect.getdoc(found[member]))


def _table(rows: Iterable[Metric]) -> str:
    lines = ["| metric | unit | range | better | says |", "| --- | --- | --- | --- | --- |"]
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
    found = [(name, getattr(module, name)) for name in names]
    found = [(name, thing) for name, thing in found if inspect.isfunction(thing) or inspect.isclass(thing)]
    return found if hasattr(module, "__all__") else [(n, t) for n, t in found if t.__module__ == module.__name__]


def heading(name: str, thing: Any) -> str:
    """Return how a function or class is called, a long call with a line for each parameter.

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
    given = [_readable(str(parameter)) for parameter in signature.parameters.values()]
    named = [parameter.kind for parameter in signature.parameters.values()]
    if inspect.Parameter.KEYWORD_ONLY in named and inspect.Parameter.VAR_POSITIONAL not in named:
        given.insert(named.index(inspect.Parameter.KEYWORD_ONLY), "*")
    return f"{name}(\n    " + ",\n    ".join(given) + ",\n)" + text.rpartition(")")[2]


def _readable(signature: str) -> str:
    # Annotations come as strings, of named tuples as ForwardRef('str'); a default that is an object's address would
    # differ from build to build.
    unquoted = re.sub(r"""ForwardRef\((['"])(.*?)\1[^)]*\)""", r"\2", signature)
    unquoted = re.sub(r"""(\w: |-> )(['"])(.*?)\2""", r"\1\3", unquoted)
    return re.sub(r"<factory>|<[^<>]* at 0x[0-9a-f]+>", "...", unquoted)


def _fields(kind: type) -> str:
    """List the fields of a class that say in a string under them what they are."""
    lines = []
    statements = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0].body
    for field, told in itertools.pairwise(statements):
        if isinstance(field, ast.AnnAssign) and isinstance(told, ast.Expr) and isinstance(told.value, ast.Constant):
            text = prose(inspect.cleandoc(told.value.value)).replace("\n", "\n    ")
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
    """Return a numpy-style docstring as Markdown.

    Examples
    --------
    >>> print(body("Sum.\\n\\nReturns\\n-------\\nfloat\\n    In ``dB``."))
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
        told = prose(inspect.cleandoc(rest)).replace("\n", "\n    ")
        lines.append(f"- {head}: {told}" if told else f"- {head}")
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
    """Return a text in which nothing outside code is Markdown or HTML by accident.

    Examples
    --------
    >>> plain("x * y < ``a * b``, see *A title*")
    'x \\\\* y &lt; ``a * b``, see *A title*'
    """
    pieces = re.split(r"(``.*?``|`[^`]*`)", text, flags=re.DOTALL)
    # Stars round words are a title; all others are themselves.
    free = [re.sub(r"(?<![\w*])(\*[^\s*][^*]*[^\s*]\*)(?![\w*])|\*", lambda m: m[1] or r"\*", p) for p in pieces[::2]]
    free = [piece.replace("<", "&lt;").replace("|", "&#124;") for piece in free]
    return "".join(part for pair in zip(free, [*pieces[1::2], ""], strict=True) for part in pair)
