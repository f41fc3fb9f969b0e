"""What importing costs, and who may import whom."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import mgeval

PACKAGE = Path(mgeval.__file__).parent
LEAVES = {"errors", "files"}
"""Anyone may import these; they import nothing but errors of mgeval."""

MAY_IMPORT = {
    "errors": set(),
    "files": set(),
    "containers": set(),
    "exports": set(),
    "audio": {"containers"},
    "prompts": set(),
    "metrics": {"audio"},
    "synth": {"audio"},
    # Vectors are kept in the store; checkpoints come as the models' do; the recipe of the tiny CLAP composes.
    "embed": {"audio", "models", "storage", "store", "synth"},
    "storage": {"audio"},
    "store": {"audio", "storage"},
    "stats": {"metrics", "store"},
    "plots": {"audio", "metrics", "stats", "store"},
    "models": {"audio", "synth", "prompts"},
    "designs": {"models"},
    "previews": {"store"},
    "provenance": {"models"},
    "sweep": {"designs", "metrics", "models", "previews", "stats", "storage", "store", "prompts"},
    "running": {"metrics", "models", "provenance", "storage", "store", "sweep"},
    "differences": {"models", "storage", "store"},
    "hearing": {"audio", "embed", "metrics", "store"},
    "scoring": {"audio", "hearing", "metrics", "store", "stats"},
    "baselines": {"audio", "models", "prompts", "provenance", "storage", "store"},
    "recipes": {"audio", "embed", "metrics", "store"},
    "references": {"audio", "embed", "metrics", "recipes", "stats", "store"},
    "sets": {"audio", "embed", "metrics", "recipes", "references", "store"},
    "ranks": {"embed", "metrics", "references", "stats", "store"},
    "listening": {"audio", "models", "store"},
    "bradley_terry": {"listening", "stats"},
    "surveys": {"audio", "metrics", "scoring", "stats", "store"},
    "timing": {"metrics", "scoring", "store", "surveys"},
    "regions": {"metrics", "stats", "store"},
    "wording": set(),
}
ANYTHING = {
    "panels",
    "reporting",
    "cli",
    "doctor",
    "lab",
    "shell_notebooks",
    "shell_runs",
    "shell_tables",
    "sweepfile",
    "__init__",
}
"""These may import all of mgeval, and none of the others may import them."""


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            if node.module == "mgeval":
                found |= {alias.name for alias in node.names}
            elif (node.module or "").startswith("mgeval."):
                found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("mgeval.")}
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_it_may(path):
    own = part(path)
    if own in ANYTHING:
        return
    assert own in MAY_IMPORT, f"{own} is in no rule: add it here and to docs/design.md"
    forbidden = imported(path) - MAY_IMPORT[own] - LEAVES - {own}
    assert not forbidden, f"{path.name} imports {forbidden}"


def test_the_rules_name_no_module_that_is_gone():
    there = {part(path) for path in modules()}
    assert set(MAY_IMPORT) | ANYTHING == there


def test_no_module_bears_the_name_of_a_public_function():
    public = set(mgeval.__all__) - set(mgeval._MODULES)
    assert not public & {part(path) for path in modules()}


def test_every_public_name_loads():
    for name in mgeval.__all__:
        assert getattr(mgeval, name) is not None
    assert set(mgeval.__all__) <= set(dir(mgeval))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = mgeval.nonsense


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
