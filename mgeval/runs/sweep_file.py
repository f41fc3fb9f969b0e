"""A sweep as a YAML file."""

from __future__ import annotations

import os
import reprlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mgeval.errors import MgevalError, SweepError, nearest
from mgeval.files import expand_path
from mgeval.runs.sweep import Sweep

if TYPE_CHECKING:
    from pydantic import BaseModel

KEYS = ("models", "prompts", "grid", "seeds", "ranges", "points", "design", "design_seed")

MAX_NODES = 100_000
"""Most values in a file, aliases expanded: a few lines of aliases can expand to billions of values."""


def load_sweep(path: str | os.PathLike[str]) -> Sweep:
    """Read a sweep from a YAML file, which mirrors the arguments of `Sweep`.

    Parameters
    ----------
    path : path-like
        For example::

            models: [synth]
            prompts: spatial
            grid: {temperature: [0.8, 1.2], duration: [5]}
            seeds: [0, 1]

        or, with settings drawn in ranges instead of crossed::

            models: [synth]
            prompts: spatial
            ranges: {temperature: [0.5, 1.5], guidance: [1, 6]}
            points: 64
            design: latin

        or, with an axis that is swept in some points only, several grids::

            models: [synth]
            prompts: spatial
            grid:
              - {top_k: [50, 250], top_p: 0}
              - {top_k: 0, top_p: [0.8, 0.9, 0.95]}

        A relative path of a CSV file of prompts is looked up beside the sweep file first.

    Returns
    -------
    Sweep

    Raises
    ------
    SweepError
        The file is missing, is not YAML, or is not a sweep; the message names the field and
        what would be valid.
    """
    path = expand_path(path)
    try:
        content = _parse_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SweepError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SweepError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or 'not a text file'})") from None
    except SweepError as error:
        raise SweepError(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise SweepError(f"{path}: not a sweep; it needs lines such as 'models: [synth]' and 'prompts: demo'")
    if unknown := [key for key in content if key not in KEYS]:
        raise SweepError(f"{path}: there is no field {unknown[0]!r}: {nearest(str(unknown[0]), KEYS)}")
    several = isinstance(content.get("grid"), list)
    try:
        # Always a list of grids: with a union, pydantic would report an error for every member.
        model = _fields_model().model_validate(
            content if several or "grid" not in content else {**content, "grid": [content["grid"]]}
        )
    except ValueError as error:
        raise SweepError(f"{path}: {_first_problem(error, several)}") from None
    fields = model.model_dump()
    prompts = fields["prompts"]
    if isinstance(prompts, str) and prompts.endswith(".csv") and (path.parent / prompts).is_file():
        fields["prompts"] = str(path.parent / prompts)
    if not several:
        (fields["grid"],) = fields["grid"]
    try:
        return Sweep(**fields)
    except MgevalError as error:
        raise type(error)(f"{path}: {error}") from None


def _parse_yaml(text: str) -> Any:
    import yaml

    loader = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        for number, _ in enumerate(_nodes(node)):
            if number > MAX_NODES:
                raise SweepError(f"holds more than {MAX_NODES:,} values: too many for a sweep, or aliases in a circle")
        return None if node is None else loader.construct_document(node)
    except RecursionError:
        raise SweepError("not a sweep: nested too deeply") from None
    except yaml.YAMLError as error:
        raise SweepError(_yaml_problem(error, text)) from None
    except ValueError as error:
        if isinstance(error, SweepError):
            raise
        # For example a date in month 13.
        raise SweepError(f"not YAML ({error})") from None
    finally:
        if loader:
            loader.dispose()


def _nodes(node: Any) -> Iterator[Any]:
    """Yield a file's nodes, those of an alias at each use; raise if a mapping has the same name twice."""
    import yaml

    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, yaml.SequenceNode):
            stack += node.value
        elif isinstance(node, yaml.MappingNode):
            names = {"<<": False}
            for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
                if names.get(key.value):
                    raise SweepError(f"line {key.start_mark.line + 1}: {key.value!r} is given twice: keep one")
                names.setdefault(key.value, True)
            stack += [part for pair in node.value for part in pair]


def _yaml_problem(error: Any, text: str) -> str:
    """Return in one line why a text is not YAML, and where."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or "unreadable"
    where = f"line {mark.line + 1}: " if mark else ""
    lines = text.splitlines()
    if mark and mark.line < len(lines) and "\t" in lines[mark.line]:
        return f"{where}indent with spaces, not with a tab"
    if "could not determine a constructor" in problem:
        return f"{where}tags such as !!python/object are not allowed: write plain names, numbers and lists"
    return f"{where}not YAML ({problem})"


def _fields_model() -> type[BaseModel]:
    from pydantic import BaseModel, StrictFloat, StrictInt, StrictStr

    number = StrictInt | StrictFloat

    class SweepFields(BaseModel):
        models: StrictStr | list[StrictStr]
        prompts: StrictStr | list[StrictStr]
        grid: list[dict[StrictStr, number | list[number]]] = [{}]
        seeds: StrictInt | list[StrictInt] = [0]
        ranges: dict[StrictStr, list[number]] = {}
        points: StrictInt | None = None
        design: StrictStr = "latin"
        design_seed: StrictInt = 0

    return SweepFields


def _first_problem(error: Any, several: bool) -> str:
    """Return the first of pydantic's errors in one line, in terms of the file."""
    first = error.errors()[0]
    field, *rest = map(str, first["loc"])
    if first["type"] == "missing":
        return f"the field {field!r} is missing"
    expected = {
        "models": "the name of a model, or a list of names",
        "prompts": "the name of a prompt set, a CSV file, or a list of texts",
        "grid": "settings, each with a number or a list of numbers, such as {duration: [5, 10]}",
        "seeds": "a list of whole numbers",
        "ranges": "settings, each with a low and a high, such as {guidance: [1, 6]}",
        "points": "a whole number, how many points to draw in the ranges",
        "design": "latin or random",
        "design_seed": "a whole number",
    }[field]
    if field == "grid" and rest:
        number, *rest = rest
        field = f"grid {int(number) + 1}" if several else field
    path = ".".join([field, *(rest[:1] if field not in ("models", "prompts", "seeds") else [])])
    return f"{path} must be {expected}, got {reprlib.repr(first['input'])}{_yaml_hint(first['input'])}"


def _yaml_hint(value: Any) -> str:
    """Return how YAML misread a word or a number; '' if it did not."""
    values = value if isinstance(value, list) else [value]
    if any(isinstance(item, bool) for item in values):
        return " (YAML reads yes, no, on and off as true and false)"
    for item in values:
        if isinstance(item, str):
            try:
                return f" (a text: write {float(item)!r})"
            except ValueError:
                continue
    return ""
