"""The player, heard and seen in JupyterLab."""

from __future__ import annotations

import re

from browser.bench import PLAYED, open_notebook, picture, run_all, save, serious, write_notebook

BEGIN = """import mgeval as mg
store = mg.Store("runs/bench")
keys = store.table()["key"].tolist()
player = mg.panels.ClipPlayer(store, keys[0])
player"""

MOST = 60_000
"""Bytes of a saved notebook."""


def time_of(page):
    return float(page.locator(".mg-player").get_attribute("data-time"))


def test_a_clip_is_heard_seen_and_compared(lab, clips, page):
    path = write_notebook(lab, "player.ipynb", [BEGIN, "player.other = keys[-1]"])
    open_notebook(page, lab, "player.ipynb")
    run_all(page)
    frame = page.locator(".mg-player[data-key]")
    frame.wait_for()
    assert frame.get_attribute("data-key") == clips["key"].iloc[0]
    page.evaluate(PLAYED)
    frame.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("bench.delays.length === 1")
    before = page.evaluate("document.querySelector('.mg-scope').toDataURL()")
    page.wait_for_function("Number(document.querySelector('.mg-player').dataset.time) > 0.3")
    assert page.evaluate("document.querySelector('.mg-scope').toDataURL()") != before
    assert re.fullmatch("[+\N{MINUS SIGN}][01][.][0-9]{2}", frame.locator(".mg-number").inner_text())
    contexts = page.evaluate(
        "[...globalThis[Symbol.for('mgeval.audio')].contexts].map(([rate, c]) => [rate, c.sampleRate, c.state])"
    )
    assert contexts == [[32000, 32000, "running"]]
    picture(page, "clipplayer")

    # Keys, without the notebook's own: L would number its lines, A add a cell, and B.
    frame.get_by_role("slider").focus()
    cells = page.locator(".jp-Cell").count()
    page.keyboard.press("l")
    assert frame.get_by_role("button", name="Loop").get_attribute("aria-pressed") == "true"
    page.keyboard.press("2")
    assert frame.get_by_role("button", name="Mono").get_attribute("aria-pressed") == "true"
    page.keyboard.press("b")
    page.keyboard.press("v")
    # By how many dB which of the two is turned down.
    frame.get_by_role("status").get_by_text(re.compile("[AB] is \N{MINUS SIGN}[0-9.]+ dB")).wait_for()
    assert frame.get_attribute("data-key") == clips["key"].iloc[-1]
    page.wait_for_function("document.querySelector('.mg-player').dataset.state === 'playing'")
    page.keyboard.press(" ")
    page.wait_for_function("document.querySelector('.mg-player').dataset.state === 'paused'")
    page.keyboard.press("Home")
    page.wait_for_function("Number(document.querySelector('.mg-player').dataset.time) === 0")
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function("Math.abs(Number(document.querySelector('.mg-player').dataset.time) - 0.1) < 0.01")
    assert page.locator(".jp-Cell").count() == cells
    picture(page, "clipplayer-compared")
    assert serious(page, ".mg-root") in (None, [])

    save(page)
    assert path.stat().st_size < MOST
    assert "widget-state" not in path.read_text(encoding="utf-8")
