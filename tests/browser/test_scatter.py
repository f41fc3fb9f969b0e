"""The plot alone: by mouse in a page of its own, by keys in JupyterLab with a player that plays what is chosen."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from browser.bench import open_notebook, picture, serious, write_notebook
from browser.plain import draw, tell, until

import mgeval as mg

CORNERS = pd.DataFrame(
    {"key": list("abcde"), "width": [0, 1, 0, 1, 0.5], "loudness": [-30, -30, -10, -10, -20.0], "seed": range(5)}
)
"""A clip in each corner of the plot and one in the middle."""

LEFT = [(0.05, 0.02), (0.35, 0.02), (0.35, 0.95), (0.05, 0.95)]
RIGHT_BELOW = [(0.7, 0.6), (0.99, 0.6), (0.99, 0.95), (0.7, 0.95)]
MIDDLE = [(0.3, 0.3), (0.7, 0.7)]
"""Places in the plot, as shares of its width and height."""

ALONE = """import mgeval as mg, pandas as pd, traitlets
scores = pd.read_parquet("scores.parquet")
scatter = mg.panels.Scatter(scores, "width", "loudness", colour="prompt")
player = mg.panels.ClipPlayer(mg.Store("runs/bench"), autoplay=True)
traitlets.dlink((scatter, "value"), (player, "value"))
scatter"""

CHECK = """assert scatter.value == player.value == scatter.selection["key"].item()
print("as heard")"""


@pytest.fixture
def scatter(page):
    panel = mg.panels.Scatter(CORNERS, "width", "loudness")
    draw(page, panel)
    shown(page, 5)
    return panel


def shown(page, count):
    page.locator(f".mg-plot[aria-label*=' {count} clips.']").wait_for()


def drag(page, places, key=None, release=True):
    """Drag over places of the plot, with a key held down."""
    box = page.locator(".mg-plot").bounding_box()
    spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*spots[0])
    if key:
        page.keyboard.down(key)
    page.mouse.down()
    for spot in spots[1:]:
        page.mouse.move(*spot, steps=3)
    if release:
        page.mouse.up()
    if key:
        page.keyboard.up(key)


def selects(page, panel, keys):
    until(page, lambda: list(panel.selection["key"]) == list(keys))


def test_a_lasso_selects_what_is_inside(page, scatter):
    drag(page, LEFT, "Shift")
    selects(page, scatter, "ac")
    page.get_by_role("button", name="Lasso").click()
    drag(page, RIGHT_BELOW, "Control")
    selects(page, scatter, "abc")
    drag(page, RIGHT_BELOW)
    selects(page, scatter, "b")
    page.keyboard.press("Escape")
    selects(page, scatter, "")


def test_a_table_that_comes_under_a_lasso_gives_the_clips_that_are_inside(page, scatter):
    page.get_by_role("button", name="Lasso").click()
    drag(page, LEFT, release=False)
    tell(page, scatter, lambda: scatter.update(CORNERS.iloc[::-1]))
    page.mouse.up()
    selects(page, scatter, "ca")
    # Here the kernel has another table, of which the page was not told yet.
    scatter.send = lambda message, buffers=None, answer=scatter.send: "tell" in message or answer(message, buffers)
    scatter.update(CORNERS.iloc[[1, 4, 3]])
    drag(page, RIGHT_BELOW)
    selects(page, scatter, "b")


def test_a_box_zooms_and_the_view_comes_back(page, scatter):
    drag(page, MIDDLE)
    shown(page, 1)
    page.get_by_role("button", name="Reset view").click()
    shown(page, 5)
    box = page.locator(".mg-plot").bounding_box()
    for back in (
        lambda: page.mouse.dblclick(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.3),
        lambda: page.keyboard.press("0"),
    ):
        drag(page, MIDDLE)
        shown(page, 1)
        back()
        shown(page, 5)
    page.get_by_role("button", name="Lasso").click()
    drag(page, MIDDLE, "Shift")
    shown(page, 1)
    # What was zoomed stays as the table grows, and another column is seen whole.
    tell(page, scatter, lambda: scatter.update(pd.concat([CORNERS, CORNERS.iloc[4:].assign(key="f")])))
    shown(page, 2)
    page.get_by_label("X axis").select_option("seed")
    shown(page, 6)
    assert scatter.selection.empty


def test_plot_and_player_alone_are_used_by_keys_in_jupyterlab(lab, clips, page):
    write_notebook(lab, "alone.ipynb", [ALONE, "player", CHECK])
    open_notebook(page, lab, "alone.ipynb")
    for _ in range(2):
        page.keyboard.press("Shift+Enter")
    page.locator(".mg-plot[aria-label*=' 24 clips']").wait_for()
    page.locator(".mg-player").wait_for()
    tab_to(page, "clips. Arrow keys choose a clip.")
    page.keyboard.press("ArrowRight")
    page.locator(".mg-player[data-state=playing]").wait_for()
    first = page.locator(".mg-player").get_attribute("data-key")
    page.keyboard.press("ArrowUp")
    page.locator(f".mg-player[data-state=playing]:not([data-key='{first}'])").wait_for()
    page.keyboard.press("s")
    assert serious(page, ".mg-root:has(.mg-plot)") == []
    tab_to(page, "Pause|Play")
    page.keyboard.press("2")
    page.get_by_role("button", name="Mono").and_(page.locator("[aria-pressed=true]")).wait_for()
    page.keyboard.press("Home")
    page.keyboard.press("l")
    page.get_by_role("button", name="Loop").and_(page.locator("[aria-pressed=true]")).wait_for()
    assert serious(page, ".mg-root:has(.mg-player)") == []
    picture(page, "scatter-and-player")
    page.keyboard.press("Escape")
    page.locator(".jp-CodeCell").nth(2).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    page.locator(".jp-OutputArea-output", has_text="as heard").wait_for()


def tab_to(page, label):
    """Press Tab until what has the focus is named so."""
    for _ in range(40):
        if re.search(label, page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''")):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {label!r}")
