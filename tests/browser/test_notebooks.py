"""Every notebook as its user sees it, in JupyterLab; one of them as an app through Voila."""

from __future__ import annotations

import subprocess

import pytest
from browser.bench import PLAYED, open_notebook, picture, points, run_all, setting
from browser.conftest import free_port, wait_for

from mgeval import lab as notebooks


@pytest.mark.parametrize("name", sorted(notebooks.notebooks()))
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
def app(browser, tmp_path):
    """The first notebook, served by Voila; returns its address."""
    pytest.importorskip("voila", reason="apps are an extra: pip install -e '.[app]'")
    (copy,) = notebooks.copy_notebooks(tmp_path / "run", tmp_path, [notebooks.find_notebook("01")])
    port, log = free_port(), tmp_path / "log"
    with log.open("w") as out:
        command = notebooks.app_command(copy, browser=False, port=port)
        server = subprocess.Popen(
            command, cwd=tmp_path, env=notebooks.environment(), stdout=out, stderr=subprocess.STDOUT
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/voila/static/", server, log)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(timeout=30)


def test_an_app_in_voila_plays_what_is_clicked(app, page):
    page.goto(app, wait_until="domcontentloaded", timeout=300_000)
    # The sweep builder's plot is there too, and waits for clips.
    plot = page.locator("[data-ready='24'] .mg-plot")
    plot.wait_for(timeout=300_000)
    page.evaluate(PLAYED)
    plot.scroll_into_view_if_needed()
    x, y = points(page)[0]
    page.mouse.click(x, y)
    page.wait_for_function("bench.delays.length === 1")
    print(page.evaluate("bench.delays"))
    picture(page, "voila")
