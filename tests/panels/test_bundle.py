"""The bundles that ship are those of their sources, and the sources pass their own checks where Node is there."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mgeval.panels.bundle import FOLDER, bundle

JS = Path(__file__).parents[2] / "mgeval" / "panels" / "js"
ENTRIES = ["blind", "clipplayer", "compare", "explore", "scatter", "studio", "sweepbuilder"]
BANNER = "// Built from mgeval/panels/js by make js; do not edit. Sources: sha256 "


@pytest.fixture
def node():
    """Run a command in the folder of the sources; skipped where Node or the packages are missing."""
    if shutil.which("node") is None:
        pytest.skip("the page code's own checks need Node: install it, then make js")
    if not (JS / "node_modules" / "esbuild").is_dir() or not (JS / "node_modules" / "typescript").is_dir():
        pytest.skip("the page code's own checks need its packages: make js")

    def run(*command: str) -> subprocess.CompletedProcess:
        return subprocess.run(command, cwd=JS, capture_output=True, text=True, timeout=120)

    return run


def hash_of_sources(folder: Path) -> str:
    """Return the hash that build.mjs writes into each bundle."""
    found = hashlib.sha256()
    names = sorted(path.name for path in folder.glob("*.js"))
    for name in [*names, "build.mjs", "package-lock.json"]:
        found.update(f"{name}\0".encode() + (folder / name).read_bytes() + b"\0")
    return found.hexdigest()


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_bundle_is_that_of_the_sources(entry):
    first_line = bundle(entry).splitlines()[0]
    assert first_line == BANNER + hash_of_sources(JS), "the bundle is stale: make js"


def test_there_is_a_bundle_for_each_entry_and_no_other():
    assert sorted(path.stem for path in FOLDER.glob("*.js")) == ENTRIES
    assert all((JS / f"{entry}.js").is_file() for entry in ENTRIES)


def test_the_hash_changes_with_each_source(tmp_path):
    for path in [*JS.glob("*.js"), JS / "build.mjs", JS / "package-lock.json"]:
        shutil.copy(path, tmp_path)
    before = hash_of_sources(tmp_path)
    assert before == hash_of_sources(JS)
    for path in tmp_path.iterdir():
        text = path.read_text(encoding="utf-8")
        path.write_text(text + "\n", encoding="utf-8")
        assert hash_of_sources(tmp_path) != before, path.name
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_bundle_imports_nothing_and_asks_no_network(entry):
    text = bundle(entry)
    assert not re.search(r"^\s*(import\b|export .* from\b)|\bimport\(|\brequire\(", text, re.MULTILINE)
    assert re.findall(r"^export \{\n  (.*)\n\};$", text, re.MULTILINE) == [f"{entry}_default as default"]
    assert text.count("export ") == 1
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "https://", "fetch("):
        assert word not in text
    # The only address is a name: that of SVG.
    assert text.count("http://") == text.count("http://www.w3.org/2000/svg")


def test_sources_are_checked_short_and_import_by_name_only():
    lines_of = {path.name: path.read_text(encoding="utf-8").splitlines() for path in JS.glob("*.js")}
    assert len(lines_of) > len(ENTRIES)
    for name, lines in lines_of.items():
        assert lines[0] == "// @ts-check", name
        assert len(lines) <= 310, name
    # One that spans lines was dropped once, without a word.
    assert any(re.match(r"import \{$", line) for lines in lines_of.values() for line in lines)


def test_the_lock_names_no_registry():
    text = (JS / "package-lock.json").read_text(encoding="utf-8")
    assert '"integrity"' in text and '"resolved"' not in text
    assert "://" not in re.sub(r'"(url|funding)": ".*"', "", text)


def test_a_new_build_gives_the_bundles_that_ship(node, tmp_path):
    done = node("node", "build.mjs", str(tmp_path))
    assert done.returncode == 0, done.stderr
    for entry in ENTRIES:
        assert (tmp_path / f"{entry}.js").read_text(encoding="utf-8") == bundle(entry), f"{entry} is stale: make js"


def test_the_sources_have_the_types_they_say(node):
    done = node("node", str(JS / "node_modules" / "typescript" / "bin" / "tsc"), "--noEmit")
    assert done.returncode == 0, done.stdout


def test_the_sources_pass_their_tests(node):
    done = node("node", "--test")
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)[1]) > 30
