"""The house: which folders there are, and who may import whom. And what importing costs."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import mgeval

PACKAGE = Path(mgeval.__file__).parent
FLOORS = [
    {"errors", "files", "version", "wording"},
    {"audio", "hub", "metrics", "prompts", "tables"},
    {"stats", "synth"},
    {"models", "plots"},
    {"embed", "runs"},
    {"scoring"},
    {"panels", "reporting"},
    {"cli", "__init__"},
]
"""The parts of mgeval, from the ground up: each imports from lower floors only."""

FLOOR = {part: number for number, parts in enumerate(FLOORS) for part in parts}
MOST_FOLDERS, MOST_MODULES = 13, 8
PARTICIPLES = re.compile(
    r"\s*def (made|kept|told|heard|found|named|there|held|drawn|checked|loaded|chosen|tried|given)\("
)


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


NAMES = {module_name(path): path for path in modules()}


def part(name: str) -> str:
    """Return the folder or module at the top that a module belongs to."""
    return name.split(".")[1] if "." in name else "__init__"


def imports(path: Path) -> list[tuple[str, str]]:
    """Return the imports of mgeval in a file, for type checkers too: the module, and the name taken from it."""
    pairs = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            if (node.module or "").split(".")[0] == "mgeval":
                pairs += [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            pairs += [(alias.name, "") for alias in node.names if alias.name.split(".")[0] == "mgeval"]
    return pairs


def target(module: str, name: str) -> str:
    """Return the module that an import reaches: ``from mgeval import plots`` reaches mgeval.plots."""
    return f"{module}.{name}" if f"{module}.{name}" in NAMES else module


def exported(door: str) -> set[str]:
    """Return the names that a package's ``__init__`` has, or a module: what others may import."""
    tree = ast.parse(NAMES[door].read_text(encoding="utf-8"))
    names = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    names |= {
        node.targets[0].id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    names |= {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            starred = [alias.name for alias in node.names] == ["*"]
            names |= listed(node.module) if starred else {alias.asname or alias.name for alias in node.names}
    return {name for name in names if not name.startswith("_") or name == "__version__"}


def listed(module: str) -> set[str]:
    """Return what a module lists in ``__all__``."""
    tree = ast.parse(NAMES[module].read_text(encoding="utf-8"))
    values = [node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"]
    return set(ast.literal_eval(values[0]))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_lower_floors(path):
    own = part(module_name(path))
    assert own in FLOOR, f"{own} stands on no floor: add it to FLOORS and to docs/design.md"
    for module, name in imports(path):
        other = part(target(module, name))
        allowed = other == own or FLOOR[other] < FLOOR[own] or {own, other} == {"cli", "__init__"}
        assert allowed, f"{path.name} imports {module}.{name}: {other} does not stand on a lower floor than {own}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_other_packages_are_entered_by_their_door(path):
    own = part(module_name(path))
    for module, name in imports(path):
        if module == "mgeval" or part(target(module, name)) == own:
            continue
        assert module.count(".") == 1, f"{path.name} imports from the inside of another package: {module}"
        assert target(module, name) != module or name in exported(module), f"{module} does not export {name}"


def test_no_files_import_each_other_in_a_circle():
    graph = {name: {target(*pair) for pair in imports(path)} - {name} for name, path in NAMES.items()}
    # The facade loads its names on first use, and a package's own `__init__` is its door, not its ground.
    del graph["mgeval"]
    while leaves := [name for name, others in graph.items() if not others & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert not circle(graph), " -> ".join(circle(graph))


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return the modules of one circle; none if there is none."""
    path: list[str] = []
    name = min(graph, default="")
    while name and name not in path:
        path.append(name)
        name = min(graph[name] & graph.keys())
    return [*path[path.index(name) :], name] if path else []


def test_the_house_has_few_rooms():
    folders = [path for path in PACKAGE.iterdir() if path.is_dir() and not path.name.startswith("__")]
    top = [path.name for path in PACKAGE.glob("*.py")]
    print(f"\n{len(folders)} folders and {len(top)} modules at the top of mgeval/, {len(FLOORS)} floors")
    assert len(folders) <= MOST_FOLDERS and len(top) <= MOST_MODULES
    parts = {part(name) for name in NAMES}
    assert set(FLOOR) == parts, "FLOORS names what is gone, or lacks what is new"


def test_no_module_is_called_like_something_that_its_package_exports():
    """``from mgeval.scoring import measure`` must give the function, whatever was imported before."""
    for door, path in NAMES.items():
        if path.name != "__init__.py":
            continue
        submodules = {name.rpartition(".")[2] for name in NAMES if name.rpartition(".")[0] == door}
        functions = set(mgeval._HOMES) if door == "mgeval" else exported(door)
        # A package may import its own modules by their names: then both mean the same.
        same = {name for module, name in imports(path) if target(module, name) != module}
        assert not (submodules & functions) - same, door


def test_no_function_is_named_by_a_bare_participle():
    lines = [(path.name, line) for path in modules() for line in path.read_text("utf-8").splitlines()]
    assert [found for found in lines if PARTICIPLES.match(found[1])] == []


def test_every_public_name_loads():
    for name in mgeval.__all__:
        assert getattr(mgeval, name) is not None
    assert set(mgeval.__all__) <= set(dir(mgeval))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = mgeval.nonsense


@pytest.mark.parametrize(("old", "new"), [("stretch_table", "segment_table"), ("onset_table", "failure_onsets")])
def test_a_renamed_name_works_for_one_release_and_warns(old, new):
    with pytest.warns(FutureWarning, match=f"mgeval.{old} is now mgeval.{new}"):
        assert getattr(mgeval, old) is getattr(mgeval, new)


@pytest.mark.parametrize("statement", ["import mgeval", "from mgeval import Sampling, load_model", "import mgeval.cli"])
def test_imports_load_nothing_heavy(statement):
    heavy = ["torch", "transformers", "matplotlib", "pandas", "librosa", "scipy", "ipywidgets"]
    code = f"import sys; {statement}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_takes_under_0_3_seconds():
    code = "import time; t = time.perf_counter(); import mgeval; print(time.perf_counter() - t)"
    runs = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    assert statistics.median(runs) < 0.3
