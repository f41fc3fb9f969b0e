"""pyproject.toml, environment.yml and requirements.lock name the same packages."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import mgeval

ROOT = Path(__file__).parents[1]
OLDEST = {"python_version": "3.11"}
CONDA_NAMES = {
    "pytorch": "torch", "pysoundfile": "soundfile", "soxr-python": "soxr", "matplotlib-base": "matplotlib",
    "python-build": "build",
}  # fmt: skip


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wanted(project):
    lines = project["dependencies"] + [line for extra in project["optional-dependencies"].values() for line in extra]
    return {canonicalize_name(need.name): need.specifier for need in map(Requirement, lines)}


@pytest.fixture(scope="module")
def locked():
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9._!-]+(; python_version .*)?", line) for line in lines)
    needs = [need for need in map(Requirement, lines) if need.marker is None or need.marker.evaluate(OLDEST)]
    return {canonicalize_name(need.name): Version(str(need.specifier).removeprefix("==")) for need in needs}


@pytest.fixture(scope="module")
def conda():
    lines = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    from_pip = next(line["pip"] for line in lines if isinstance(line, dict))
    texts = [line for line in lines if isinstance(line, str)] + from_pip
    needs = {}
    for text in texts:
        need = Requirement(text)
        needs[canonicalize_name(CONDA_NAMES.get(need.name, need.name))] = need.specifier
    return needs


def test_the_lock_has_a_version_of_all_that_is_wanted(wanted, locked):
    for name, specifier in wanted.items():
        assert name in locked, f"requirements.lock lacks {name}: make lock"
        assert specifier.contains(locked[name]), f"requirements.lock has {name} {locked[name]}, wanted is {specifier}"
    assert str(locked["torch"]) == "2.13.0"


def test_newer_pythons_get_numpy_2_and_no_laion_clap():
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if "python_version" in line]
    newer = {r.name: str(r.specifier) for r in map(Requirement, lines) if r.marker.evaluate({"python_version": "3.13"})}
    assert list(newer) == ["numpy"] and newer["numpy"].startswith("==2.")


def test_conda_installs_the_same_packages(wanted, conda):
    assert set(conda) - {"python", "pip"} == set(wanted)
    for name, specifier in wanted.items():
        if name != "numpy":
            assert conda[name] == specifier, name


def test_conda_pins_numpy_to_what_laion_clap_accepts(conda, locked):
    assert not conda["numpy"].contains("2.0.0") and conda["numpy"].contains("1.26.4")
    assert locked["numpy"] < Version("2")


def test_one_version(project):
    assert project["version"] == mgeval.__version__
    citation, changes = (ROOT / "CITATION.cff").read_text(), (ROOT / "CHANGELOG.md").read_text()
    assert f"version: {mgeval.__version__}\n" in citation
    newest = re.search(rf"^## {re.escape(mgeval.__version__)} - (.+)$", changes, re.MULTILINE)[1]
    assert newest == "unreleased" or f"date-released: {newest}\n" in citation
    assert newest != "unreleased" or "date-released" not in citation


def test_the_readme_lists_every_metric_and_names_the_targets():
    from mgeval.metrics import METRICS

    text = (ROOT / "README.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(METRICS)
    for target in re.findall(r"make (\w+)", text):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target


def test_the_ci_runs_targets_that_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^\s*make ([\w-]+)$", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    assert {"lint", "types", "docs", "test", "js-check"} <= set(targets)
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_commits_are_checked_by_the_environments_own_tools(wanted):
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (local,) = config["repos"]
    assert local["repo"] == "local"
    assert [hook["id"] for hook in local["hooks"]] == ["ruff", "ruff-format", "jupytext", "nbstripout"]
    for hook in local["hooks"]:
        # Anything else than 'system' would be fetched.
        assert hook["language"] == "system" and hook["entry"].split()[0] in wanted


def test_type_checkers_see_the_names_that_load_on_first_use():
    tree = ast.parse((ROOT / "mgeval/__init__.py").read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = [alias for node in block.body for alias in node.names]
    # Without `as`, a checker takes what a typed package imports for its own use only.
    assert all(alias.asname == alias.name for alias in seen)
    assert sorted(alias.name for alias in seen) == sorted(set(mgeval.__all__) - {"__version__"})


@pytest.mark.skipif("MGEVAL_WHEEL" not in os.environ, reason="make wheel builds one and names it in MGEVAL_WHEEL")
def test_the_wheel_holds_the_package_its_data_and_the_notebooks():
    there = {name for name in zipfile.ZipFile(os.environ["MGEVAL_WHEEL"]).namelist() if ".dist-info/" not in name}
    command = ["git", "ls-files", "mgeval", ":!mgeval/panels/js"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    notebooks = {f"mgeval/notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert there == {*listed.split(), *notebooks} and "mgeval/py.typed" in there
    assert not any("training" in Path(name).parts for name in there)


def test_the_wheel_takes_weights_and_cards_but_no_recipes():
    targets = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    assert targets["wheel"]["only-include"] == ["mgeval", "notebooks"] and "training" in targets["sdist"]["include"]
    listed = subprocess.run(["git", "ls-files", "mgeval"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [Path(name) for name in listed.split()]
    assert not any("training" in path.parts for path in files)
    weights = [path for path in files if path.parts[1] == "weights"]
    assert {path.suffix for path in weights} == {".json", ".md", ".safetensors"}
    assert {path.parts[2] for path in weights} == {"MODEL_CARD.md", "clap_tiny", "musicgen_tiny"}


def test_only_the_hub_knows_where_the_weights_are():
    folder = re.compile(r"""["'/](weights|musicgen_tiny|clap_tiny)["'/]""")
    sources = (ROOT / "mgeval").rglob("*.py")
    assert [path.name for path in sources if folder.search(path.read_text(encoding="utf-8"))] == ["hub.py"]


@pytest.mark.parametrize(
    "page", ["mgeval/weights/MODEL_CARD.md", "mgeval/weights/clap_tiny/README.md", "training/README.md"]
)
def test_the_paths_in_cards_and_recipes_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\((?!http)([^)#]+)", text) if "/" in link]
    assert links or "clap_tiny" in page
    for link in links:
        assert ((ROOT / page).parent / link).resolve().exists(), link
    folders = "mgeval|training|benchmarks|docs|tests"
    for path in re.findall(rf"(?<![\w./])((?:{folders})/[\w./-]+)", text):
        assert (ROOT / path).exists(), path
    for module in re.findall(r"python -m (training[\w.]+)", text):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module


def test_types_are_strict_everywhere():
    """No module is exempt: what mypy's strict mode finds is mended, not switched off."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert settings["strict"] is True and settings["packages"] == ["mgeval"]
    assert {name for name, value in settings.items() if value is False} == {"disallow_any_generics", "warn_return_any"}
    for override in settings["overrides"]:
        assert override.keys() - {"module"} <= {"ignore_missing_imports", "follow_imports"}, override
        assert not any(name.startswith("mgeval") for name in override["module"]), override
