"""The studio in JupyterLab: takes are made, heard, kept and cancelled, also while a cell runs."""

from __future__ import annotations

from browser.bench import idle, open_notebook, picture, run_all, serious, start_all, theme, write_notebook

EVIL = "<img src=x onerror=alert(1)>"

BEGIN = """import mgeval as mg
studio = mg.panels.studio("tiny", "runs/kept")
studio.sampling = mg.Sampling(duration=1)
studio"""

BUSY = """import os, time
while not os.path.exists("kept"):
    time.sleep(0.1)"""
"""A cell that runs until the test makes a file."""


def running(page):
    return page.locator(".jp-InputArea-prompt", has_text="[*]").count() > 0


def test_takes_are_made_heard_kept_and_cancelled_while_a_cell_runs(lab, page):
    checks = "assert '<img' in studio.prompt and studio.value and len(studio.store.table()) == 1\n'as seen'"
    write_notebook(lab, "studio.ipynb", [BEGIN, BUSY, checks])
    open_notebook(page, lab, "studio.ipynb")
    start_all(page)
    page.locator(".mg-root[data-ready=true]").wait_for()
    prompt = page.get_by_label("Prompt")
    prompt.fill(EVIL)
    page.get_by_label("duration", exact=True).fill("0.4")
    page.keyboard.press("Control+Enter")
    page.locator(".mg-take").nth(1).wait_for()
    page.locator(".mg-told", has_text="2 takes, 0.8 s of audio").wait_for()
    page.get_by_role("button", name="Keep: seed 1").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Kept: seed 1").wait_for()
    # The focus is not lost with the button that has been pressed.
    assert page.evaluate("document.activeElement.textContent").startswith("Seed 1")
    page.locator(".mg-take", has_text="Seed 1").click()
    page.locator(".mg-player[data-state=playing]").wait_for()
    # What is wrong is said at its field; what was made stays.
    page.get_by_label("duration", exact=True).fill("two")
    page.get_by_role("alert").get_by_text("duration must be a number from 0.02 to 3600, got 'two'").wait_for()
    page.get_by_label("duration, slider").focus()
    page.keyboard.press("End")
    assert page.get_by_label("duration", exact=True).input_value() == "30"
    page.get_by_role("button", name="Generate").click()
    page.locator(".mg-count", has_text="of 60.0 s of audio").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.locator(".mg-told", has_text="Cancelled: 0 of 2 takes made").wait_for()
    assert page.locator(".mg-take").count() == 2
    assert running(page), "the cell ended before the clicks: nothing was shown"
    assert page.locator(".mg-root img").count() == 0
    page.locator(".mg-side th", has_text="Stereo width").first.wait_for()
    picture(page.locator(".mg-root"), "studio")
    assert serious(page, ".mg-root") == []
    (lab.folder / "kept").touch()
    idle(page)
    page.locator(".jp-OutputArea-output", has_text="as seen").wait_for()


def test_the_keyboard_alone_is_enough_in_the_dark(lab, page):
    theme(lab, "JupyterLab Dark")
    try:
        write_notebook(lab, "dark.ipynb", [BEGIN])
        open_notebook(page, lab, "dark.ipynb")
        run_all(page)
        page.locator(".mg-root[data-ready=true]").wait_for()
        page.get_by_label("Prompt").focus()
        seen = []
        for _ in range(40):
            page.keyboard.press("Tab")
            seen.append(page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.id"))
            if seen[-1] == "Generate":
                break
        assert seen[-1] == "Generate" and "seed, slider" not in seen and "guidance, slider" in seen
        page.keyboard.press("Enter")
        page.locator(".mg-take").nth(1).wait_for()
        page.locator(".mg-told", has_text="2 takes").wait_for()
        # The focus went to Cancel and came back.
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Generate"
        page.locator(".mg-side th", has_text="Stereo width").first.wait_for()
        picture(page.locator(".mg-root"), "studio-dark")
        assert serious(page, ".mg-root") == []
    finally:
        theme(lab, "JupyterLab Light")
