"""Blind listening in JupyterLab: from the first trial to what the answers say, with the keyboard alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser.bench import open_notebook, picture, run_all, save, serious, theme, write_notebook

EVIL = "<img src=x onerror=alert(1)>"
BEGIN = """import mgeval as mg, pandas as pd
scores, store = pd.read_parquet("blind.parquet"), mg.Store("runs/blind")
session = mg.panels.blind(scores, store, kind="{kind}", path="{kind}.csv", matched={matched})
session"""


@pytest.fixture(scope="module")
def run(lab):
    """Eight clips of one second: two prompts, two seeds, two settings of guidance."""
    import mgeval as mg

    store = mg.Store(lab.folder / "runs" / "blind")
    plan = mg.Sweep(
        "synth", ["piano, very wide stereo", EVIL], {"duration": 1, "guidance": [1.5, 4.5]}, range(2)
    ).plan()
    clips = mg.run(plan, store, progress=False)
    clips.to_parquet(lab.folder / "blind.parquet")
    return clips


def listen(page, letters="ab"):
    """Hear every clip of the trial for as long as it takes, by keys."""
    trial = page.locator(".mg-root").get_attribute("data-trial")
    page.locator(f".mg-strip[data-ready='{trial}']").wait_for()
    for letter in letters:
        page.keyboard.press(letter)
        page.locator(".mg-strip").get_by_role("button", name=f"{letter.upper()}, heard", exact=True).wait_for()


def begin(page, lab, kind, matched):
    path = write_notebook(lab, f"blind-{kind}.ipynb", [BEGIN.format(kind=kind, matched=matched)])
    open_notebook(page, lab, path.name)
    run_all(page)
    page.locator("[data-trial='0']").wait_for()
    page.locator(".mg-blind").focus()
    return path


def test_pairs_are_answered_by_keys_and_taken_up_again(lab, run, page):
    import pandas as pd

    path = begin(page, lab, "pairs", False)
    following = page.get_by_role("button", name="Next")
    assert following.get_attribute("aria-disabled") == "true"
    # An answer before both were heard does not count.
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.locator(".mg-status", has_text="Listen to A and B.").wait_for()
    assert page.locator(".mg-root").get_attribute("data-trial") == "0"
    listen(page)
    picture(page.locator(".mg-root"), "blind-pairs")
    assert serious(page, ".mg-root") in (None, [])
    page.keyboard.press("Enter")
    page.locator("[data-trial='1']").wait_for()
    page.keyboard.press("a")
    page.locator(".mg-strip[data-state='playing']").wait_for()
    page.keyboard.press(" ")
    page.locator(".mg-strip[data-state='paused']").wait_for()
    kept = pd.read_csv(lab.folder / "pairs.csv")
    assert list(kept["answer"]) == ["a"] and kept["seconds"].iloc[0] > 1

    # The kernel ends; the same cell goes on where it was.
    open_notebook(page, lab, path.name)
    run_all(page)
    page.locator("[data-trial='1']").wait_for()
    page.locator(".mg-blind").focus()
    total = 4 + 2
    for number in range(1, total):
        page.locator(f"[data-trial='{number}']").wait_for()
        assert page.locator(".mg-blindprompt").inner_text() in ("piano, very wide stereo", EVIL)
        listen(page)
        page.keyboard.press("102"[number % 3])
        page.keyboard.press("Enter")
    page.locator(".mg-results").wait_for()
    assert page.locator(".mg-root img").count() == 0
    picture(page.locator(".mg-root"), "blind-results")
    assert serious(page, ".mg-root") in (None, [])
    save(page)
    assert path.stat().st_size < 60_000 and len(pd.read_csv(lab.folder / "pairs.csv")) == total


def test_ratings_are_given_by_keys_and_by_mouse(lab, run, page):
    import pandas as pd

    theme(lab, "JupyterLab Dark")
    try:
        begin(page, lab, "ratings", True)
        listen(page, "abc")
        page.get_by_label("How good is A?").focus()
        page.keyboard.press("ArrowRight")
        page.get_by_label("How good is B?").click(position={"x": 3, "y": 5})
        page.locator(".mg-status", has_text="Rate C.").wait_for()
        page.get_by_label("How good is C?").focus()
        page.keyboard.press("End")
        picture(page.locator(".mg-root"), "blind-ratings-dark")
        assert serious(page, ".mg-root") in (None, [])
        page.keyboard.press("Enter")
        page.locator("[data-trial='1']").wait_for()
        kept = pd.read_csv(Path(lab.folder) / "ratings.csv")
        assert list(kept["rating"])[::2] == [51, 100] and kept["rating"].iloc[1] < 10 and kept["matched"].all()
    finally:
        theme(lab, "JupyterLab Light")
