"""The player, heard and seen in JupyterLab."""

from __future__ import annotations

import re

import numpy as np
import pytest
from browser.bench import PLAYED, open_notebook, picture, run_all, save, serious, write_notebook
from browser.plain import draw
from signals import RATE, tone

BEGIN = """import mgeval as mg
store = mg.Store("runs/bench")
keys = store.table()["key"].tolist()
player = mg.panels.ClipPlayer(store, keys[0])
player"""

MOST = 60_000
"""Bytes of a saved notebook."""


def time_of(page):
    return float(page.locator(".mg-player").get_attribute("data-time"))


def level(page):
    """Return the gain that a clip is played at, when its fade-in is over."""
    page.wait_for_timeout(100)
    return page.evaluate("globalThis[Symbol.for('mgeval.audio')].active.voice.level.gain.value")


def test_matched_levels_stay_with_their_clips_as_sides_are_changed(page):
    import mgeval as mg

    loud, quiet = (mg.Audio(np.stack([tone(2, level=size)] * 2), RATE) for size in (0.5, 0.125))
    draw(page, mg.panels.ClipPlayer({"loud": loud, "quiet": quiet}, "loud", "quiet"))
    frame = page.locator(".mg-player[data-key='loud']")
    frame.locator("button[aria-label=B]:enabled").wait_for()
    frame.get_by_role("button", name="Loop").click()
    frame.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("document.querySelector('.mg-player').dataset.state === 'playing'")
    plain = level(page)
    page.keyboard.press("v")
    page.locator(".mg-player .mg-status", has_text="A is \N{MINUS SIGN}12.0 dB").wait_for()
    assert level(page) == pytest.approx(plain / 4, rel=0.01)
    for key, size in (("b", plain), ("a", plain / 4), ("b", plain)):
        page.keyboard.press(key)
        assert level(page) == pytest.approx(size, rel=0.01)
    page.keyboard.press("v")
    page.keyboard.press("a")
    assert level(page) == pytest.approx(plain, rel=0.01)


HEARD = """async () => {
  const { context, level } = globalThis[Symbol.for("mgeval.audio")].active.voice;
  const split = context.createChannelSplitter(2);
  level.connect(split);
  const ears = [0, 1].map((channel) => {
    const ear = context.createAnalyser();
    split.connect(ear, channel);
    return ear;
  });
  await new Promise((resolve) => setTimeout(resolve, 150));
  const samples = new Float32Array(2048);
  return ears.map((ear) => { ear.getFloatTimeDomainData(samples); return Math.max(...samples.map(Math.abs)); });
}"""
"""Returns the peaks of the left and the right channel that are on their way to the loudspeakers."""

SOLOS = {
    "Stereo": (0.4, 0.2), "Mono": (0.3, 0.3), "Side": (0.1, 0.1), "Left": (0.4, 0.4), "Right": (0.2, 0.2),
}  # fmt: skip
"""What is heard of a tone of 0.4 on the left and 0.2 on the right."""


def test_what_is_heard_is_what_the_buttons_say(page):
    import mgeval as mg

    clip = mg.Audio(np.stack([tone(4, level=0.4), tone(4, level=0.2)]), RATE)
    draw(page, mg.panels.ClipPlayer({"tone": clip}, "tone"))
    page.locator(".mg-player[data-key=tone]").wait_for()
    page.get_by_role("button", name="Loop").click()
    page.get_by_role("button", name="Play", exact=True).click()
    page.locator(".mg-player[data-state=playing]").wait_for()
    for name, peaks in reversed(SOLOS.items()):
        page.get_by_role("button", name=name, exact=True).click()
        assert page.locator(".mg-segments [aria-pressed=true]").first.inner_text() == name
        assert page.evaluate(HEARD) == pytest.approx(peaks, rel=0.03)
    # Also by keys, and as it plays again.
    for number, (name, peaks) in enumerate(SOLOS.items(), 1):
        page.keyboard.press(str(number))
        page.get_by_role("button", name=name, exact=True).and_(page.locator("[aria-pressed=true]")).wait_for()
        page.keyboard.press("Home")
        assert page.evaluate(HEARD) == pytest.approx(peaks, rel=0.03)


def test_a_loudness_that_failed_is_said_and_asked_for_again(page, tmp_path):
    import mgeval as mg

    store = mg.Store(tmp_path)
    clips = mg.run(mg.Sweep("synth", ["piano", "drums"], {"duration": 1}).plan(), store, progress=False)
    one, other = clips["key"]
    draw(page, mg.panels.ClipPlayer(store, one, other))
    page.locator(".mg-player[data-key] button[aria-label=B]:enabled").wait_for()
    file = store.file(other)
    away = file.rename(tmp_path / "away")
    page.get_by_role("button", name="Match levels").click()
    page.locator(".mg-status.mg-wrong", has_text="not matched: ").wait_for()
    away.rename(file)
    for _ in range(2):
        page.get_by_role("button", name="Match levels").click()
    page.locator(".mg-status:not(.mg-wrong)", has_text="LUFS").wait_for()


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
    # By how many dB which of the two is turned down, or that they are equal.
    matched = re.compile("([AB] is \N{MINUS SIGN}[0-9.]+ dB, so that|A and B) both have \N{MINUS SIGN}[0-9.]+ LUFS")
    frame.get_by_role("status").get_by_text(matched).wait_for()
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
    assert serious(page, ".mg-root") == []

    save(page)
    assert path.stat().st_size < MOST
    assert "widget-state" not in path.read_text(encoding="utf-8")
