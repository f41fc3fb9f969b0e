"""The sweep builder in JupyterLab: clips appear while they are made, also while a cell runs."""

from __future__ import annotations

from browser.bench import (
    PLAYED,
    idle,
    open_notebook,
    picture,
    points,
    run_all,
    serious,
    start_all,
    theme,
    write_notebook,
)

EVIL = "<img src=x onerror=alert(1)>"

BEGIN = """import mgeval as mg
builder = mg.panels.sweep_builder("synth", "{store}")
builder"""

BUSY = """import os, time
while not os.path.exists("{name}"):
    time.sleep(0.1)"""
"""A cell that runs until the test makes a file."""


def said(page, text):
    page.locator(".mg-told", has_text=text).wait_for()


def test_a_sweep_grows_stops_and_goes_on_while_a_cell_runs(lab, page):
    checks = "assert len(builder.value) == builder.status['made'] == 60 and builder.chosen\n'as seen'"
    cells = [BEGIN.format(store="runs/grown"), BUSY.format(name="grown"), "builder.wait()\n" + checks]
    write_notebook(lab, "sweep.ipynb", cells)
    open_notebook(page, lab, "sweep.ipynb")
    start_all(page)
    page.locator(".mg-root[data-ready]").wait_for()
    page.get_by_label("Prompts").fill(f"piano, very wide stereo\ndrums, panned hard to the left\n{EVIL}")
    page.get_by_label("guidance").fill("1, three")
    page.get_by_role("alert").get_by_text("guidance must be a number from 1 to 100, got 'three'").wait_for()
    page.get_by_label("guidance").fill("1, 3")
    page.get_by_label("duration").fill("4")
    page.get_by_label("seeds").fill("0 1 2 3 4 5 6 7 8 9")
    page.locator(".mg-fact", has_text="60 clips").wait_for()
    page.locator(".mg-fact", has_text="about 48.0 MB").wait_for()
    page.get_by_role("button", name="Start the sweep").click()
    page.locator(".mg-count", has_text="of 60 clips made").wait_for()
    # Points appear while the run goes on, and are heard.
    page.wait_for_function("Number(document.querySelector('.mg-root').dataset.ready) > 3")
    page.get_by_role("button", name="Pause the sweep").click()
    page.get_by_role("button", name="Resume the sweep").wait_for()
    # Until what was made is measured and drawn, points move.
    page.wait_for_function(
        """() => {
          const [made, measured] = document.querySelector(".mg-count").textContent.match(/^\\d+|\\d+(?= measured)/g);
          return made === measured && document.querySelector(".mg-root").dataset.ready === made;
        }"""
    )
    page.evaluate(PLAYED)
    page.mouse.click(*points(page)[0])
    page.wait_for_function("bench.delays.length === 1")
    page.get_by_role("button", name="Resume the sweep").click()
    page.get_by_role("button", name="Pause the sweep").wait_for()
    page.get_by_role("button", name="Stop the sweep").click()
    said(page, "of 60 clips are there, the rest can be resumed")
    some = int(page.locator(".mg-root").get_attribute("data-ready"))
    assert 3 < some < 60
    assert page.locator(".jp-InputArea-prompt", has_text="[*]").count(), "the cell ended before the clicks"
    page.locator(".mg-fact", has_text="of them in runs/grown").wait_for()
    page.get_by_role("button", name="Resume the sweep").click()
    said(page, "All 60 clips are there")
    page.locator(".mg-root[data-ready='60']").wait_for()
    page.get_by_role("button", name="Show clips").wait_for()
    page.locator("summary").click()
    assert EVIL in page.locator(".mg-code").inner_text()
    page.locator("summary").click()
    page.set_viewport_size({"width": 1280, "height": 1400})
    assert page.locator(".mg-legend", has_text=EVIL).count() == 1 and page.locator(".mg-root img").count() == 0
    picture(page.locator(".mg-root"), "sweep-builder")
    assert serious(page, ".mg-root") == []
    (lab.folder / "grown").touch()
    idle(page)
    page.locator(".jp-OutputArea-output", has_text="as seen").wait_for()


def test_the_keyboard_alone_is_enough_in_the_dark(lab, page):
    theme(lab, "JupyterLab Dark")
    try:
        write_notebook(lab, "night.ipynb", [BEGIN.format(store="runs/night")])
        open_notebook(page, lab, "night.ipynb")
        run_all(page)
        page.locator(".mg-root[data-ready]").wait_for()
        page.get_by_label("Prompts").focus()
        page.keyboard.type("slow piano\nfast drums, very wide stereo")
        for text in ("0.7, 1", "", "", "1, 3", "1", "0, 1, 2"):
            page.keyboard.press("Tab")
            page.keyboard.type(text)
        page.locator(".mg-fact", has_text="24 clips").wait_for()
        page.keyboard.press("Control+Enter")
        said(page, "All 24 clips are there")
        page.locator(".mg-root[data-ready='24']").wait_for()
        page.locator(".mg-plot").focus()
        page.keyboard.press("ArrowRight")
        page.locator(".mg-player[data-state=playing]").wait_for()
        page.set_viewport_size({"width": 1280, "height": 1400})
        picture(page.locator(".mg-root"), "sweep-builder-dark")
        assert serious(page, ".mg-root") == []
    finally:
        theme(lab, "JupyterLab Light")
