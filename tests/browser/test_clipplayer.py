"""The player, heard and seen in JupyterLab."""

from __future__ import annotations

from browser.bench import PLAYED, idle, open_notebook, picture, run_all, write_notebook

BEGIN = """import mgeval as mg
store = mg.Store("runs/bench")
keys = store.table()["key"].tolist()
player = mg.panels.ClipPlayer(store, keys[0])
player"""


def test_a_clip_is_heard_and_seen(lab, clips, page):
    write_notebook(lab, "player.ipynb", [BEGIN])
    open_notebook(page, lab, "player.ipynb")
    run_all(page)
    frame = page.locator(".mg-player")
    frame.locator("xpath=self::*[@data-key]").wait_for()
    page.evaluate(PLAYED)
    frame.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("bench.delays.length === 1")
    page.wait_for_function("Number(document.querySelector('.mg-player').dataset.time) > 0.5")
    picture(page, "clipplayer")
    contexts = page.evaluate(
        "[...globalThis[Symbol.for('mgeval.audio')].contexts].map(([rate, c]) => [rate, c.sampleRate, c.state])"
    )
    assert contexts == [[32000, 32000, "running"]]
