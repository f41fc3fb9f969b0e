"""Blind listening in a browser: from the first trial to what the answers say, by keys and by mouse."""

from __future__ import annotations

import pandas as pd
import pytest
from browser.bench import open_notebook, picture, serious, start_all, write_notebook
from browser.plain import draw

EVIL = "<img src=x onerror=alert(1)>"
BEGIN = """import mgeval as mg, pandas as pd
session = mg.panels.blind(pd.read_parquet("blind.parquet"), mg.Store("runs/bench"), "guidance", path="answers.csv")
session"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Eight clips of one second: two prompts, two seeds, two settings of guidance."""
    import mgeval as mg

    store = mg.Store(tmp_path_factory.mktemp("blind"))
    plan = mg.Sweep(
        "synth", ["piano, very wide stereo", EVIL], {"duration": 1, "guidance": [1.5, 4.5]}, range(2)
    ).plan()
    return mg.run(plan, store, progress=False), store


@pytest.fixture
def begin(run, page, tmp_path):
    import mgeval as mg

    def begun(kind, dark=False, matched=False):
        session = mg.panels.blind(*run, kind=kind, path=tmp_path / f"{kind}.csv", matched=matched)
        draw(page, session, dark)
        page.locator("[data-trial]").wait_for()
        page.locator(".mg-blind").focus()
        return session

    return begun


def listen(page, letters="ab"):
    """Hear every clip of the trial for as long as it takes, by keys."""
    trial = page.locator("[data-trial]").get_attribute("data-trial")
    page.locator(f".mg-strip[data-ready='{trial}']").wait_for()
    for letter in letters:
        page.keyboard.press(letter)
        page.locator(".mg-strip").get_by_role("button", name=f"{letter.upper()}, heard", exact=True).wait_for()


def still(page):
    """Wait until colours are what they become: buttons fade."""
    page.wait_for_function("document.getAnimations().length === 0")


def test_pairs_are_answered_by_keys_alone(page, begin):
    session = begin("pairs")
    # An answer before both were heard does not count.
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.locator(".mg-status", has_text="Listen to A and B.").wait_for()
    assert page.get_by_role("button", name="Next").get_attribute("aria-disabled") == "true" and session.value == 0
    listen(page)
    still(page)
    picture(page.locator("#widget"), "blind-pairs")
    assert serious(page, "#widget") == []
    page.keyboard.press("Enter")
    page.locator("[data-trial='1']").wait_for()
    assert list(session.answers["answer"]) == ["a"] and session.answers["seconds"].iloc[0] > 1
    # Nothing plays before it is asked for; space begins and ends.
    for state in ("playing", "paused"):
        page.keyboard.press(" ")
        page.locator(f".mg-strip[data-state='{state}']").wait_for()
    for number in range(1, 6):
        page.locator(f"[data-trial='{number}']").wait_for()
        assert page.locator(".mg-blindprompt").inner_text() in ("piano, very wide stereo", EVIL)
        listen(page)
        page.keyboard.press("102"[number % 3])
        page.keyboard.press("Enter")
    page.locator(".mg-results tbody tr").nth(1).wait_for()
    assert session.value == 6 and page.locator("#widget img").count() == 0
    picture(page.locator("#widget"), "blind-results")
    assert serious(page, "#widget") == []


def test_ratings_are_given_by_keys_and_by_mouse_and_taken_up_again(page, begin, run):
    import mgeval as mg

    session = begin("ratings", dark=True, matched=True)
    page.locator(".mg-note", has_text="Played at equal loudness").wait_for()
    listen(page, "abc")
    page.get_by_label("How good is A?").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_label("How good is B?").click(position={"x": 3, "y": 5})
    page.locator(".mg-status", has_text="Rate C.").wait_for()
    page.get_by_label("How good is C?").focus()
    page.keyboard.press("End")
    still(page)
    picture(page.locator("#widget"), "blind-ratings-dark")
    assert serious(page, "#widget") == []
    page.keyboard.press("Enter")
    page.locator("[data-trial='1']").wait_for()
    kept = session.answers["rating"].tolist()
    assert kept[::2] == [51, 100] and kept[1] < 10
    again = mg.panels.blind(*run, kind="ratings", path=session.path, matched=True)
    assert again.value == 1 and again._trial({}, [])[0]["trial"] == 1


def test_what_cannot_be_played_is_said_in_the_widget_and_skipped(page, run, tmp_path):
    import mgeval as mg

    clips = {key: run[1].audio(key) for key in run[0]["key"]}
    session = mg.panels.blind(run[0], clips, path=tmp_path / "answers.csv")
    del clips[session.trials["a"].iloc[0]]
    draw(page, session)
    page.locator(".mg-wrong", has_text="a clip of this trial cannot be read").wait_for()
    page.get_by_role("button", name="Skip").click()
    page.locator("[data-trial]:not([data-trial='0'])").wait_for()
    assert not page.get_by_role("button", name="Skip").is_visible()


def test_a_session_goes_on_in_jupyterlab_while_a_cell_runs(lab, clips, page):
    # Seeds stand for settings here: what is heard does not matter.
    paired = clips.assign(guidance=clips["seed"] % 2 * 2.0 + 1, seed=clips["seed"] // 2)
    paired.to_parquet(lab.folder / "blind.parquet")
    write_notebook(lab, "blind.ipynb", [BEGIN, "import time; time.sleep(15)"])
    open_notebook(page, lab, "blind.ipynb")
    start_all(page)
    page.locator("[data-trial='0']").wait_for()
    page.locator(".mg-blind").focus()
    listen(page)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.locator("[data-trial='1']").wait_for()
    assert page.locator(".jp-InputArea-prompt", has_text="[*]").count() > 0, "the cell ended before the answer"
    assert list(pd.read_csv(lab.folder / "answers.csv")["answer"]) == ["b"]
