"""Every notebook as its user sees it, in JupyterLab, and as an app through Voila."""

from __future__ import annotations

import subprocess

import pytest
from browser.bench import PLAYED, open_notebook, picture, points, run_all, setting, watched
from browser.conftest import free_port, wait_for

from mgeval.cli import lab as notebooks

# None of these measures how soon a page answers.
pytestmark = pytest.mark.notebook


@pytest.mark.parametrize(
    "name",
    [
        # tests/test_notebooks.py runs every notebook; here three show that what runs there is also seen.
        pytest.param(name, marks=[] if name[:2] in ("01", "02", "05") else [pytest.mark.slow])
        for name in sorted(notebooks.notebooks())
    ],
)
def test_a_notebook_in_jupyterlab(name, lab, page):
    # All cells stay in the page, so that the picture has them.
    setting(lab, "notebook-extension:tracker", {"windowingMode": "none"})
    (copy,) = notebooks.copy_notebooks(lab.folder / "runs" / name, lab.folder, [notebooks.find_notebook(name)])
    open_notebook(page, lab, copy.name)
    run_all(page, 300)
    assert page.locator(".jp-OutputArea-output img").count() > 0
    whole(page, ".jp-WindowedPanel-outer")
    picture(page, f"notebook-{name}")


def whole(page, part):
    """Make the page as high as what scrolls in it, and go to the top."""
    height = page.evaluate("part => document.querySelector(part).scrollHeight", part)
    page.set_viewport_size({"width": 1280, "height": min(height + 150, 16_000)})
    page.evaluate("part => document.querySelector(part).scrollTo(0, 0)", part)
    # What is drawn when it is seen.
    page.wait_for_timeout(1500)


@pytest.fixture
def apps(lab, tmp_path):
    """Every notebook, on the run that JupyterLab left, served by Voila; returns the address before their names."""
    pytest.importorskip("voila", reason="apps are an extra: pip install -e '.[app]'")
    folder = tmp_path / "apps"
    for name, source in notebooks.notebooks().items():
        notebooks.copy_notebooks(lab.folder / "runs" / name, folder, [source])
    port, log = free_port(), tmp_path / "log"
    with log.open("w") as out:
        command = notebooks.app_command(folder, browser=False, port=port)
        server = subprocess.Popen(
            command, cwd=folder, env=notebooks.environment(), stdout=out, stderr=subprocess.STDOUT
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/voila/static/", server, log)
        yield f"http://127.0.0.1:{port}/voila/render/"
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.mark.slow
def test_every_notebook_is_an_app(apps, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    begun = []
    for name in sorted(notebooks.notebooks()):
        tab = context.new_page()
        begun.append((name, tab, watched(tab)))
        tab.goto(f"{apps}{name}.ipynb", wait_until="commit", timeout=300_000)
        # Two kernels at a time.
        if len(begun) == 2:
            whole_app(*begun.pop(0))
    whole_app(*begun.pop())
    context.close()


def whole_app(name, tab, problems):
    # Which it is when all cells have run.
    tab.wait_for_load_state("load", timeout=300_000)
    wrong = tab.locator(".jp-OutputArea-output", has_text="Traceback (most recent call last)")
    assert wrong.count() == 0, f"{name}: {wrong.first.inner_text()}"
    source = notebooks.find_notebook(name).read_text(encoding="utf-8")
    tab.wait_for_function(
        "count => document.querySelectorAll('.mg-root').length === count", arg=source.count("mg.panels.")
    )
    assert tab.locator(".jp-OutputArea-output img").count() > 0
    if name.startswith("01"):
        plays_what_is_clicked(tab)
    picture(tab, f"app-{name}")
    assert problems == [], name
    tab.close()


def plays_what_is_clicked(page):
    # The sweep builder's plot is there too, and waits for clips.
    plot = page.locator("[data-ready='24'] .mg-plot")
    plot.wait_for()
    page.evaluate(PLAYED)
    plot.scroll_into_view_if_needed()
    x, y = points(page)[0]
    page.mouse.click(x, y)
    page.wait_for_function("bench.delays.length === 1")
    print(page.evaluate("bench.delays"))
