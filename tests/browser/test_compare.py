"""Two settings side by side in a browser: pairs by keys, by mouse and from code, and both clips in the player."""

from __future__ import annotations

import re

import pytest
from browser.bench import open_notebook, picture, serious, start_all, write_notebook
from browser.plain import change, draw

EVIL = "<img src=x onerror=alert(1)>"
BEGIN = """import mgeval as mg, pandas as pd
panel = mg.panels.compare(pd.read_parquet("compare.parquet"), mg.Store("runs/bench"), "guidance")
panel"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Scores of 48 clips: twelve prompts, two seeds, two settings of guidance; the second is wider by what is known."""
    import mgeval as mg

    store = mg.Store(tmp_path_factory.mktemp("compare"))
    prompts = [*mg.load_prompts("demo")["prompt"][:11], EVIL]
    plan = mg.Sweep("synth", prompts, {"duration": 0.5, "guidance": [1.5, 4.5]}, range(2)).plan()
    scores = mg.measure(mg.run(plan, store, progress=False), store, ["width", "centroid"], progress=False)
    place = scores.groupby("guidance").cumcount()
    return scores.assign(width=scores["width"] + (scores["guidance"] > 2) * 0.01 * (place - 4)), store


def state(page, value):
    page.wait_for_function("value => document.querySelector('.mg-player').dataset.state === value", arg=value)


def test_pairs_are_seen_and_heard(page, run):
    import mgeval as mg

    panel = mg.panels.compare(*run)
    draw(page, panel)
    page.locator("[data-ready='24']").wait_for()
    page.locator(".mg-said", has_text="24 pairs of 12 prompts").wait_for()
    assert page.locator(".mg-sidename").all_inner_texts() == ["A guidance 1.5", "B guidance 4.5"]
    # The largest difference first; the list and the arrow keys agree.
    wider = (panel.pairs["width_b"] - panel.pairs["width_a"]).abs().sort_values(ascending=False, kind="stable")
    page.locator(".mg-pairs").focus()
    for row in wider.index[:2]:
        page.keyboard.press("ArrowDown")
        page.wait_for_function("key => document.querySelector('.mg-player').dataset.key === key",
                               arg=panel.pairs["key_a"][row])  # fmt: skip
        state(page, "playing")
    assert panel.value == [panel.pairs[f"key_{side}"][wider.index[1]] for side in "ab"]
    chosen = page.locator("[role=option][aria-selected=true]")
    assert page.locator(".mg-pairs").get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    assert "+0.18" in chosen.inner_text()
    page.keyboard.press("b")
    page.wait_for_function("key => document.querySelector('.mg-player').dataset.key === key", arg=panel.value[1])
    page.keyboard.press("v")
    page.locator(".mg-player .mg-status", has_text=re.compile("LUFS|not matched")).wait_for()
    page.wait_for_function("document.getAnimations().length === 0")
    picture(page.locator("#widget"), "compare")
    assert serious(page, "#widget") == []

    # The row of the prompt that would be a picture if it were read as HTML, by mouse.
    page.get_by_role("button", name="By prompt").click()
    page.locator(".mg-pairs").focus()
    page.keyboard.press("End")
    page.locator("[role=option]", has_text=EVIL).last.click()
    page.wait_for_function("text => document.querySelector('.mg-title').textContent === text", arg=EVIL)
    assert page.locator("#widget img").count() == 0


def test_metric_and_pair_are_chosen_from_code_and_by_the_dots(page, run):
    import mgeval as mg

    panel = mg.panels.compare(*run)
    draw(page, panel, dark=True)
    page.locator("[data-ready='24']").wait_for()
    first = [panel.pairs["key_a"][20], panel.pairs["key_b"][20]]
    change(page, panel, metric="centroid", value=first)
    page.locator(".mg-said", has_text="Spectral centroid").wait_for()
    page.wait_for_function("key => document.querySelector('.mg-player').dataset.key === key", arg=first[0])
    # What code chooses is shown and not played.
    assert page.locator(".mg-player").get_attribute("data-state") == "paused"
    page.get_by_label("Metric").select_option("width")
    page.locator(".mg-said", has_text="Stereo width").wait_for()
    area = page.locator(".mg-dots").bounding_box()
    found = page.evaluate(
        """() => {
          const area = document.querySelector(".mg-dots"), tip = area.querySelector(".mg-tip");
          const box = area.getBoundingClientRect();
          for (let y = 4; y < box.height; y += 4) for (let x = 4; x < box.width; x += 4) {
            area.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x, clientY: box.top + y }));
            if (!tip.hidden) return [x, y];
          }
        }"""
    )
    page.mouse.click(area["x"] + found[0], area["y"] + found[1])
    state(page, "playing")
    assert panel.value != first and panel.metric == "width"
    page.mouse.move(0, 0)
    page.wait_for_function("document.getAnimations().length === 0")
    picture(page.locator("#widget"), "compare-dark")
    assert serious(page, "#widget") == []


def test_a_pair_is_heard_in_jupyterlab_while_a_cell_runs(lab, clips, page):
    # Seeds stand for settings here: what is compared does not matter.
    paired = clips.assign(guidance=clips["seed"] % 2 * 2.0 + 1, seed=clips["seed"] // 2)
    paired.to_parquet(lab.folder / "compare.parquet")
    write_notebook(lab, "compare.ipynb", [BEGIN, "import time; time.sleep(15)"])
    open_notebook(page, lab, "compare.ipynb")
    start_all(page)
    page.locator("[data-ready='12']").wait_for()
    page.locator(".mg-pairs").focus()
    page.keyboard.press("ArrowDown")
    state(page, "playing")
    assert page.locator(".jp-InputArea-prompt", has_text="[*]").count() > 0, "the cell ended before the sound"
