"""Every notebook runs from top to bottom on the tiny model, and is saved without output, in step with its text."""

from __future__ import annotations

import io
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import mgeval as mg

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]
STRIPPED, EXECUTED = 60_000, 3_000_000
"""Bytes that a notebook takes at most as it is saved, and with its outputs."""

SECONDS = 400
"""A cell that takes longer hangs."""

MINUTES = 4
"""What all notebooks take at most on two processors that do nothing else."""

pytestmark = pytest.mark.notebook


@pytest.fixture(scope="module")
def nbformat():
    return pytest.importorskip("nbformat", reason="notebooks need JupyterLab")


def processor_seconds():
    """Return what kernels that have ended took of the processors."""
    times = os.times()
    return times.children_user + times.children_system


@pytest.fixture(scope="module")
def begun():
    return processor_seconds()


@pytest.fixture(scope="module")
def executed(nbformat, tmp_path_factory, begun):
    """Return a function from a notebook's path to what came of running it; two at a time run ahead."""
    folder = tmp_path_factory.mktemp("runs")
    with ThreadPoolExecutor(2) as pool:
        runs = {path: pool.submit(execute, nbformat.read(path, as_version=4), folder / path.stem) for path in NOTEBOOKS}
        yield lambda path: runs[path].result()


def execute(notebook, folder, **others):
    """Run a notebook as papermill would: its parameters, then a cell with ours."""
    import papermill
    from papermill.iorw import load_notebook_node, write_ipynb

    folder.mkdir()
    source, target = folder / "in.ipynb", folder / "out.ipynb"
    write_ipynb(notebook, str(source))
    parameters = {"RUN": str(folder / "run"), **others}
    papermill.execute_notebook(
        source, target, parameters, cwd=folder, progress_bar=False, kernel_name="python3", execution_timeout=SECONDS
    )
    return load_notebook_node(str(target)), target, folder


@pytest.fixture(scope="module", autouse=True)
def one_thread_each():
    # Two kernels on two processors: threads that wait for each other would only be in the way.
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    yield
    os.environ.pop("OMP_NUM_THREADS") if before is None else os.environ.update(OMP_NUM_THREADS=before)


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs if output.get("name") == "stdout")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_runs_and_answers(path, executed):
    notebook, target, folder = executed(path)
    assert target.stat().st_size < EXECUTED
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in code:
        errors = [output for output in cell.outputs if output.output_type == "error"]
        assert not errors, cell.source
        if "mg.plots." in cell.source:
            assert any("image/png" in output.get("data", {}) for output in cell.outputs), (
                f"no picture of:\n{cell.source}"
            )
        warned = [output.text for output in cell.outputs if output.get("name") == "stderr" and "Warning" in output.text]
        assert not warned, f"{cell.source}\n{warned}"
    answers = notebook.cells[headed(notebook, "## The answer") + 1 :]
    assert all(printed(cell).strip() for cell in answers if cell.cell_type == "code")
    # A number that the answer says is one that was computed: without its parameters nothing of it is known.
    assert any(character.isdigit() for character in printed(answers[0]))
    # A store, or, of the stereo lab, clips beside where one would be.
    assert (folder / ("run-clips" if path.stem.startswith("05") else "run")).is_dir()


def headed(notebook, title):
    return max(place for place, cell in enumerate(notebook.cells) if cell.source.startswith(title))


def test_the_stereo_lab_takes_a_folder(nbformat, tmp_path):
    """Each clip of it is drawn and told of; what cannot be read is said in the table, and stops nothing."""
    clips = tmp_path / "clips"
    clips.mkdir()
    for place, image in enumerate(("mono", "wide")):
        piece, _ = mg.synth.compose(mg.synth.Spec(duration=1, image=image), place)
        mg.save_audio(piece, clips / f"{place}-{image}-$x_y$.wav")
    (clips / "0-broken.wav").write_bytes(b"no audio")
    parameters = {"CLIPS": str(clips), "SECONDS": 1}
    source = nbformat.read(FOLDER / "05-stereo-lab.ipynb", as_version=4)
    notebook, _, _ = execute(source, tmp_path / "lab", **parameters)
    said = printed(notebook.cells[-1])
    assert "1 0-mono-$x_y$.wav:" in said and "2 1-wide-$x_y$.wav:" in said and "broken" not in said
    depth = next(cell for cell in notebook.cells if "goniometer" in cell.source)
    assert sum("image/png" in output.get("data", {}) for output in depth.outputs) == 2


def test_the_sampling_notebook_goes_on_past_clips_that_failed(nbformat, tmp_path):
    clips = tmp_path / "clips"
    clips.mkdir()
    prompts = mg.load_prompts("demo")
    for place in prompts.index:
        # Whichever prompts the notebook draws: some of them have a file that cannot be read.
        mg.save_audio(mg.synth.compose(mg.synth.Spec(duration=1), place)[0], clips / f"{place}.wav")
        if place % 2:
            (clips / f"{place}.wav").write_bytes(b"no audio")
    prompts.assign(file=[f"{place}.wav" for place in prompts.index])[["file", "prompt"]].to_csv(clips / "prompts.csv")
    grid = {"temperature": [0.5, 1.0], "top_k": [250], "guidance": [3.0]}
    parameters = {"MODEL": f"folder:{clips}", "GRID": grid, "SECONDS": 1, "PROMPTS": 12}
    source = nbformat.read(FOLDER / "03-sampling.ipynb", as_version=4)
    notebook, _, _ = execute(source, tmp_path / "sampling", **parameters)
    table = mg.Store(tmp_path / "sampling/run").table()
    assert set(table["status"]) == {"done", "failed"}
    assert "Vendi score" in printed(notebook.cells[-1])


def test_the_report_takes_a_run_with_controls_and_one_value_of_what_it_reports_by(nbformat, tmp_path):
    store = mg.Store(tmp_path / "given")
    mg.run(mg.Sweep("synth", ["piano", "organ"], {"duration": 1}).plan(), store, progress=False)
    mg.controls(store, ["silence"])
    parameters = {"RUN": str(store.path), "BY": "top_k", "MEASURES": ["width", "failure_count"]}
    source = nbformat.read(FOLDER / "08-report.ipynb", as_version=4)
    notebook, _, _ = execute(source, tmp_path / "report", **parameters)
    text = "".join(printed(cell) for cell in notebook.cells if cell.cell_type == "code")
    assert ": 2 clips of 2 prompts, by synth." in text and "top_k has one value in this run" in text
    latex = (store.path / "tables/by-top_k.tex").read_text()
    assert r"failure\_count" in latex and r"top\_k" in latex


def test_all_notebooks_take_a_few_minutes(executed, begun):
    for path in NOTEBOOKS:
        executed(path)
    # By the processors and not by the clock: the machine may have more to do.
    minutes = (processor_seconds() - begun) / 2 / 60
    print(f"\nall notebooks: {minutes:.1f} min on two processors")
    assert minutes < MINUTES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_is_saved_without_output(path, nbformat):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < STRIPPED
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_opens_with_its_question_and_ends_with_its_answer(path, nbformat):
    cells = nbformat.read(path, as_version=4).cells
    number, title = path.stem.split("-", 1)
    assert cells[0].source.lower().startswith(f"# {number} {title.replace('-', ' ')}\n")
    assert cells[0].source.split("\n")[2].startswith("**") and "?**" in cells[0].source
    assert [cell.cell_type for cell in cells[headed(nbformat.read(path, as_version=4), "## The answer") :]][:2] == [
        "markdown",
        "code",
    ]
    assert cells[-1].cell_type == "code" and "print(" in cells[-1].source
    tagged = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1 and tagged[0] is cells[1]
    values = {}
    exec(tagged[0].source, values)
    assert values["MODEL"] == "tiny" and values["RUN"].startswith("runs/")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_and_its_text_agree(path, nbformat):
    jupytext = pytest.importorskip("jupytext", reason="pairs of notebooks and texts are jupytext's")
    notebook, text = nbformat.read(path, as_version=4), jupytext.read(path.with_suffix(".py"))
    assert [(c.cell_type, c.source, c.metadata) for c in notebook.cells] == [
        (c.cell_type, c.source, c.metadata) for c in text.cells
    ], "make notebooks brings them in step"
    assert notebook.metadata.jupytext["formats"] == text.metadata.jupytext["formats"] == "ipynb,py:percent"
    written = jupytext.writes(notebook, fmt="py:percent")
    again = jupytext.read(io.StringIO(written), fmt="py:percent")
    assert [cell.source for cell in again.cells] == [cell.source for cell in notebook.cells]


def test_every_text_has_its_notebook():
    assert sorted(path.stem for path in FOLDER.glob("*.py")) == NAMES
    assert [name[:2] for name in NAMES] == [f"{number:02}" for number in range(1, 9)]


def test_the_run_they_ship_with_is_what_papermill_replaces(nbformat):
    for path in NOTEBOOKS:
        source = nbformat.read(path, as_version=4).cells[1].source
        assert source.count("\nRUN = ") + source.startswith("RUN = ") == 1, path.stem
        json.dumps(source)
