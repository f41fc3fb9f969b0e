"""`mgeval demo` as its user meets it: the command, its page in a browser, its figures and tables in a paper."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from typeset import pages

LOADED = """async () => {
  const clips = [...document.querySelectorAll("audio[src], a.play")].map((one) => one.src || one.href);
  return Promise.all([...new Set(clips)].map((clip) => new Promise((resolve) => {
    const sound = new Audio(clip);
    sound.addEventListener("loadedmetadata", () => resolve(sound.duration));
    sound.addEventListener("error", () => resolve(-1));
  })));
}"""
SORTED = """() => [...document.querySelectorAll("table.sortable")].flatMap((table) =>
  [...table.tHead.rows[0].cells].map((head, column) => {
    head.querySelector("button").click();
    const cells = [...table.tBodies[0].rows].map((row) => row.cells[column]);
    return cells.map((cell) => cell.dataset.order ?? cell.textContent.trim());
  }))"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """What the command said, and the folder in which it was called."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "mgeval.cli", "demo"]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=600), folder


@pytest.fixture(scope="module")
def opened(demo, browser):
    """The page from disk, what it asked for, and what it complained of."""
    asked, said = [], []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: said.append(f"{request.url}: {request.failure}"))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((demo[1] / "demo-run/report/index.html").as_uri())
    yield page, asked, said
    context.close()


def test_it_names_what_it_wrote(demo):
    done, folder = demo
    assert done.returncode == 0, done.stderr
    scores = pd.read_csv(folder / "demo-run/scores.csv")
    assert len(scores) >= 48 and all(scores[name].nunique() == 2 for name in ("guidance", "temperature", "duration"))
    assert scores["clap:tiny"].notna().all() and scores["width"].notna().all()
    named = [line.split()[1] for line in done.stdout.splitlines() if line.startswith(("table", "plot", "page"))]
    assert len(named) == 3 and all((folder / name).stat().st_size > 1000 for name in named)


def test_its_page_asks_nothing_of_a_network_and_complains_of_nothing(demo, opened):
    page, asked, said = opened
    page.evaluate("for (const image of document.images) image.loading = 'eager'")
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    assert page.evaluate("[...document.images].every((image) => image.naturalWidth > 100)")
    here = (demo[1] / "demo-run/report").as_uri()
    assert len(asked) > 10 and all(url.startswith((f"{here}/", "data:")) for url in asked), asked
    assert not said


def test_its_clips_play(opened):
    page, _, said = opened
    # Every clip that the page names can be read; those of the demo last 2 and 4 s.
    seconds = page.evaluate(LOADED)
    assert len(seconds) > 20 and {round(one) for one in seconds} == {2, 4}
    page.locator("article audio").first.evaluate("sound => sound.play()")
    page.wait_for_function("() => document.querySelector('article audio').currentTime > 0.1")
    page.locator("a.play").first.click()
    page.wait_for_function("() => document.querySelector('#player audio').currentTime > 0.1")
    assert page.locator("article audio").first.evaluate("sound => sound.paused") and not said


def test_all_its_tables_sort_by_every_column(opened):
    page, _, said = opened
    columns = page.evaluate(SORTED)
    assert len(columns) > 30
    numbers = 0
    for cells in columns:
        try:
            values = [float(cell) for cell in cells if cell]
        except ValueError:
            continue
        # What has no value is at the end.
        assert values == sorted(values) and not any(cells[len(values) :])
        numbers += len(set(values)) > 1
    assert numbers > 15 and not said


def test_its_tables_name_their_columns_on_every_page_of_paper(opened, tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed: poppler-utils")
    opened[0].pdf(path=tmp_path / "page.pdf", format="A4")
    command = ["pdftotext", "-layout", tmp_path / "page.pdf", "-"]
    sheets = subprocess.run(command, capture_output=True, text=True).stdout.split("\f")
    first = [sheet.strip().splitlines()[0] for sheet in sheets if sheet.strip()]
    # The level stands over its n.
    assert len(first) > 10 and not any(re.match(r"\d+ clips, ", line) for line in first), first


def test_its_figures_and_tables_make_one_page(demo, tmp_path):
    report = demo[1] / "demo-run/report"
    figures = sorted((report / "figures").glob("*.pdf"))
    page = (report / "index.html").read_text()
    assert len(figures) == 7 and all(f">figures/{figure.name}</a>" in page for figure in figures)
    (tmp_path / "report").symlink_to(report)
    drawn = [rf"\includegraphics[height=24mm]{{report/figures/{figure.name}}}" for figure in figures]
    tables = [rf"\input{{report/tables/{name}.tex}}" for name in ("by-guidance", "compare-guidance")]
    text, count, said = pages(
        tmp_path, "\\raggedright\n" + "\n".join(drawn) + "\n\n\\bigskip\n" + "\n\n\\bigskip\n".join(tables)
    )
    assert count == 1 and "Overfull \\hbox" not in said
    words = " ".join(text.split())
    assert all(word in words for word in ("Stereo width", "Guidance", "Collapsed stereo", "(Holm)", "95 % CI"))
    assert "Image angle (degrees) 1 3" in words
