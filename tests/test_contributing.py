"""Every example of CONTRIBUTING.md runs as it is printed, and what it adds passes what the built-in ones pass."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from plotted import assert_legible
from signals import RATE, noise, tone

import mgeval as mg
from mgeval.metrics import DETECTORS, METRICS, Undefined

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
HOW_TOS = [title for title, section in SECTIONS.items() if "```python" in section]
MOST_LINES = 40

DEGENERATE = {
    "silence": np.zeros((2, RATE)),
    "one sample": np.full((2, 1), 0.1),
    "empty": np.zeros((2, 0)),
    "mono": tone(1.0)[None],
    "NaN": np.full((2, RATE), np.nan),
    "one silent channel": np.stack([tone(1.0), np.zeros(RATE)]),
}

UNDEFINED = ("silence", "one sample", "empty", "NaN")
"""Degenerate clips for which the examples must be undefined, with a reason."""


def example(title: str) -> str:
    """Return the Python block of a section."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", SECTIONS[title], re.MULTILINE | re.DOTALL)
    return code


def homes(title: str) -> tuple[Path, Path]:
    """Return the file of the package and the file of tests that a section names for its example."""
    package, tests = re.search(r"goes\s+into\s+`(mgeval/[\w/]+\.py)`.*?tests\s+into\s+`(tests/[\w/]+\.py)`",
                               SECTIONS[title], re.DOTALL).groups()  # fmt: skip
    return Path(package), Path(tests)


def run_example(title: str) -> dict[str, object]:
    """Run the Python block of a section as if it stood in the module that the section names."""
    names: dict[str, object] = {"__name__": ".".join(homes(title)[0].with_suffix("").parts)}
    exec(compile(example(title), f"CONTRIBUTING.md, {title}", "exec"), names)
    return names


@pytest.fixture(autouse=True)
def registries(monkeypatch):
    """Leave the registries as they were."""
    from mgeval.cli.folders import commands

    before = dict(METRICS), dict(DETECTORS), list(commands.registered_commands)
    yield
    for registry, rows in zip((METRICS, DETECTORS), before, strict=False):
        registry.clear()
        registry.update(rows)
    commands.registered_commands[:] = before[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A store of four short clips, and the table of them."""
    store = mg.Store(tmp_path_factory.mktemp("run"))
    plan = mg.Sweep("synth", ["piano, hard left", "drums, wide"], {"duration": 1}, seeds=range(2)).plan()
    return store, mg.run(plan, store, progress=False)


@pytest.fixture
def my_package(tmp_path, monkeypatch):
    """Install examples as a package of its own, with the entry points that their sections print."""

    def install(title: str) -> None:
        (tmp_path / "my_package.py").write_text(example(title))
        (block,) = re.findall(r"^```toml\n(.*?)^```$", SECTIONS[title], re.MULTILINE | re.DOTALL)
        points = tomllib.loads(block)["project"]["entry-points"]
        lines = [line for group in points for line in [f"[{group}]", *(f"{k} = {v}" for k, v in points[group].items())]]
        info = tmp_path / "my_package-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my_package\nVersion: 1\n")
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        monkeypatch.syspath_prepend(tmp_path)

    from mgeval.models import model_kinds

    model_kinds.cache_clear()
    yield install
    model_kinds.cache_clear()
    sys.modules.pop("my_package", None)


def test_there_is_an_example_of_everything_that_can_be_added():
    assert HOW_TOS == [
        "A metric", "A failure detector", "An embedder", "A kind of model", "A plot", "A command of the shell",
    ]  # fmt: skip


@pytest.mark.parametrize("title", HOW_TOS)
def test_an_example_is_short_and_names_its_files(title):
    assert example(title).count("\n") < MOST_LINES
    for path in homes(title):
        # Embedders and kinds of models are files of their own.
        new = title in ("An embedder", "A kind of model")
        assert (ROOT / path).parent.is_dir() and (ROOT / path).exists() != new, path


@pytest.mark.skipif(not find_spec("ruff"), reason="needs ruff: pip install -e '.[dev]'")
@pytest.mark.parametrize("title", HOW_TOS)
def test_an_example_passes_the_style_check(title):
    for command in (["check", "--ignore", "D100"], ["format", "--check"]):
        arguments = [sys.executable, "-m", "ruff", *command, "--stdin-filename", "example.py", "-"]
        done = subprocess.run(arguments, input=example(title), cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_each_example_is_one_file_of_the_package(tmp_path):
    """With every example in the file that its section names, the suite's own tests of rows and imports pass."""
    skip = shutil.ignore_patterns("node_modules", "__pycache__", "weights", "browser", "slurm", "faults")
    for folder in ("mgeval", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=skip)
    (tmp_path / "mgeval/weights").symlink_to(ROOT / "mgeval/weights")
    for name in ("docs", "README.md", "CONTRIBUTING.md", "Makefile"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for title in HOW_TOS:
        file = tmp_path / homes(title)[0]
        before = file.read_text() if file.exists() else ""
        code = example(title).removeprefix("from __future__ import annotations\n") if before else example(title)
        if "`__all__`" in SECTIONS[title]:
            name = re.search(r"^def (\w+)", code, re.MULTILINE)[1]
            before, changes = re.subn(r"^__all__ = \[", f'__all__ = ["{name}", ', before, flags=re.MULTILINE)
            assert changes == 1, file
        file.write_text(f"{before}\n\n{code}")
    tests = ["tests/test_imports.py", "tests/metrics/test_table.py", "tests/test_docs.py", "tests/test_cli.py"]
    chosen = "(test_imports.py and not seconds and not heavy) or crossing_rate or help_of_a_command or help_is_printed"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *tests, "-k", chosen, "-vv", "-p", "no:cacheprovider"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    for name in (
        "a_row_fits_its_function[crossing_rate]",
        "every_parameter[metrics.crossing_rate]",
        "every_option[prompts]",
    ):
        assert f"{name} PASSED" in done.stdout
    code = (
        "import mgeval as mg; mg.metrics.METRICS['crossing_rate'], mg.metrics.failures.rumble, mg.plots.dots;"
        "mg.embed.load('bands'), mg.load_model('tones'); print(mg.__file__)"
    )
    there = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)},
                           capture_output=True, text=True)  # fmt: skip
    assert there.stdout.strip() == str(tmp_path / "mgeval/__init__.py"), there.stderr


def test_the_metric(run):
    crossing_rate = run_example("A metric")["crossing_rate"]
    row = METRICS["crossing_rate"]
    import_module("metrics.test_table").test_a_row_fits_its_function("crossing_rate")
    # A known answer, and invariances: swapped channels, gain, length.
    x = np.stack([tone(2.0, 100, phase=0.1), tone(2.0, 100, 0.3, phase=0.1)])
    assert crossing_rate(x, RATE) == pytest.approx(200, abs=1)
    assert crossing_rate(x[::-1], RATE) == crossing_rate(0.01 * x, RATE) == crossing_rate(x, RATE)
    assert crossing_rate(x[:, :RATE], RATE) == pytest.approx(crossing_rate(x, RATE), abs=1)
    for name, samples in DEGENERATE.items():
        value = mg.metrics.evaluate(samples, RATE, ["crossing_rate"])["crossing_rate"]
        if name in UNDEFINED:
            assert isinstance(value, Undefined) and value.reason, name
        else:
            assert row.low <= value <= row.high, name
    # It is measured as the others are, also by default.
    store, clips = run
    scores = mg.measure(clips, store, progress=False)
    assert scores["crossing_rate"].between(1, RATE).all()
    assert mg.measure(clips, store, ["crossing_rate"], progress=False)["crossing_rate"].equals(scores["crossing_rate"])
    assert "crossing_rate" in set(mg.summarise(scores, "prompt")["metric"])


def test_the_metric_is_on_the_page_of_metrics():
    pytest.importorskip("mkdocs", reason="the site needs mkdocs-material: pip install -e '.[docs]'")
    run_example("A metric")
    spec = spec_from_file_location("make_reference", ROOT / "docs/make_reference.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    page = module.metrics_page()
    assert "| [crossing_rate](#crossing_rate) | 1/s | at least 0 |" in page
    assert "### crossing_rate\n\n```python\nmgeval.metrics.signal.crossing_rate(x: np.ndarray, rate: int)" in page
    assert "*Zero crossings.* Zero crossings of the mono mean" in page


def test_the_detector(run):
    rumble = run_example("A failure detector")["rumble"]
    x = np.stack([noise(2.0), noise(2.0, seed=1)])
    spoilt = x + tone(2.0, 10)
    # Flags turn with the threshold, and nothing else does; swapped channels change nothing.
    (row,) = rumble(spoilt, RATE)
    assert row.flagged and row.score == pytest.approx(10 * np.log10(0.125 / (0.125 + 0.01)), abs=0.1)
    assert (row.start_s, row.end_s) == (0, 2)
    assert rumble(spoilt[::-1], RATE) == [row]
    assert not rumble(spoilt, RATE, threshold=row.score + 1e-3)[0].flagged and not rumble(x, RATE)[0].flagged
    for name, samples in DEGENERATE.items():
        table = mg.metrics.failures.failures(samples, RATE).set_index("kind").loc["rumble"]
        if name in UNDEFINED:
            assert np.isnan(table["score"]) and table["reason"] and not table["flagged"], name
        else:
            assert table["score"] <= 0, name
    store, clips = run
    failures = mg.failure_table(store, progress=False)
    assert (failures["kind"] == "rumble").sum() == len(clips)
    failures.loc[failures["kind"] == "rumble", "flagged"] = True
    atlas = mg.plots.failure_atlas(failures, "seed")
    assert "rumble" in [label.get_text().lower() for label in atlas.get_yticklabels()]
    for part in ("Parameters", "threshold : float", "Returns"):
        assert part in rumble.__doc__


def test_the_embedder(run, my_package):
    my_package("An embedder")
    embedder = mg.embed.load("bands")
    clips = [mg.Audio(np.stack([tone(s, 200), tone(s, 400)]).astype(np.float32), RATE) for s in (0.5, 1.0, 2.5)]
    rows = embedder.audio(clips)
    assert [row.shape for row in rows] == [(1, 8), (1, 8), (3, 8)] and all(row.dtype == np.float32 for row in rows)
    # A clip's vectors do not depend on the others.
    np.testing.assert_array_equal(embedder.audio(clips[2:])[0], rows[2])
    with pytest.raises(mg.ModelError, match="no variants"):
        mg.embed.load("bands:x")
    store, table = run
    found = mg.distances(table, store, store, "bands", kinds="frechet", progress=False)
    assert set(found["channels"]) == {"mono", "left_right", "mid_side"}
    assert found.loc[found["channels"] == "mono", "value"].item() == pytest.approx(0, abs=1e-6)
    assert (found["dim"] == [{"mono": 8}.get(channels, 16) for channels in found["channels"]]).all()
    # Its vectors stay in the store.
    assert any(path.is_file() for path in (store.path / "vectors").rglob("*"))


def test_the_kind_of_model(my_package, tmp_path):
    my_package("A kind of model")
    model = mg.load_model("tones")
    left, middle = model.generate(["hard left", "anywhere"], mg.Sampling(duration=1, seed=3), progress=False)
    assert mg.metrics.stereo.image_angle(left.audio.samples) == -45
    assert abs(mg.metrics.stereo.image_angle(middle.audio.samples)) < 1e-6
    (alone,) = model.generate(["anywhere"], mg.Sampling(duration=1, seed=3), progress=False)
    np.testing.assert_array_equal(alone.audio.samples, middle.audio.samples)
    plan = mg.Sweep("tones", ["hard left", "hard right"], {"duration": 0.5}).plan()
    assert list(plan["key"]) == list(mg.Sweep("tones", ["hard left", "hard right"], {"duration": 0.5}).plan()["key"])
    assert plan["key"].is_unique and set(plan["revision"]) == {"1"}
    store = mg.Store(tmp_path / "run")
    clips = mg.run(plan, store, progress=False)
    assert list(clips["status"]) == ["done", "done"] and list(clips["key"]) == list(plan["key"])
    scores = mg.measure(clips, store, ["image_angle"], progress=False)
    assert list(scores["image_angle"]) == [-45, 45]
    # A report says of it what its row says: settings that it ignores are not claimed.
    page = mg.report(scores, store, tmp_path / "report")
    methods = (page.parent / "methods.md").read_text()
    assert "tones" in methods and "temperature" not in methods


def test_the_plot(run):
    import matplotlib.pyplot as plt

    dots = run_example("A plot")["dots"]
    store, clips = run
    scores = mg.measure(clips, store, ["width"], progress=False)
    given = plt.figure(figsize=(3.4, 2.6), layout="constrained").subplots()
    assert dots(scores, "prompt", "width", given) is given
    assert sum(len(line.get_xdata()) for line in given.lines) == 4
    assert_legible(given)
    scores.loc[0, "width"] = np.nan
    ax = dots(scores, "seed", "width")
    assert ax is not given and sum(len(line.get_xdata()) for line in ax.lines) == 3
    assert_legible(ax)
    none = dots(scores.assign(width=np.nan), "seed", "width")
    assert [text.get_text() for text in none.texts] == ["undefined for every clip"]
    with pytest.raises(mg.MetricError, match="widht"):
        dots(scores, "seed", "widht")
    plt.close("all")


def test_the_command(run):
    from typer.testing import CliRunner

    from mgeval import cli

    run_example("A command of the shell")
    assert re.search(r"^  prompts +Print the prompts of a run, each with its number of clips\.$",
                     CliRunner().invoke(cli.app, ["--help"]).output, re.MULTILINE)  # fmt: skip
    text = " ".join(CliRunner().invoke(cli.app, ["prompts", "--help"]).output.split())
    assert "DIR" in text and "Leave out prompts with fewer clips." in text
    store, _ = run
    done = CliRunner().invoke(cli.app, ["prompts", str(store.path)])
    assert done.exit_code == 0 and done.output.splitlines() == ["     2 piano, hard left", "     2 drums, wide"]
    assert CliRunner().invoke(cli.app, ["prompts", str(store.path), "--least", "3"]).output == ""
    failed = CliRunner().invoke(cli.app, ["prompts", str(store.path / "nothing")])
    assert isinstance(failed.exception, mg.MgevalError)
