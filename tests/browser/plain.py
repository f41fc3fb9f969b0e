"""A widget's page without JupyterLab: the real module in a real browser, the real panel behind it."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

FRAME = """<!doctype html><html lang="en"><head><title>{title}</title><style>
body {{ margin: 0; padding: 12px; font-family: system-ui, sans-serif; width: {width}px; }}
body[data-jp-theme-light="false"] {{ background: #111; --jp-layout-color1: #111; --jp-layout-color2: #2b2b2b;
  --jp-border-color2: #5a5a5a; --jp-ui-font-color1: #fff; }}
{style}</style></head><body data-jp-theme-light="{light}"><main><h1 style="font-size: 15px">{title}</h1>
<h2 style="font-size: 13px">Widget</h2><h3 style="font-size: 12px">Output</h3>
<div id="widget"></div></main></body></html>"""

DRAW = """async ([source, traits]) => {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const heard = new Map();
  const on = (name, hear) => heard.set(name, [...(heard.get(name) ?? []), hear]);
  const emit = (name, ...values) => (heard.get(name) ?? []).forEach((hear) => hear(...values));
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
  const changed = (state) => {
    for (const [name, value] of Object.entries(state)) {
      if (JSON.stringify(traits[name]) === JSON.stringify(value)) continue;
      traits[name] = value;
      emit(`change:${name}`);
    }
  };
  const told = (answers) => { for (const [answer, parts] of answers) emit("msg:custom", answer, parts.map(bytes)); };
  const model = {
    get: (name) => traits[name], set(name, value) { traits[name] = value; }, on,
    async send(message, callbacks, buffers = []) {
      const [answers, state] = await kernel([message, buffers.map(text)]);
      changed(state);
      told(answers);
    },
  };
  window.widget = { changed, told, closed: new AbortController() };
  const module = await import(url);
  await module.default.render({ model, el: document.getElementById("widget"), signal: widget.closed.signal });
}"""


def draw(page: Any, panel: Any, dark: bool = False, width: int = 1000) -> None:
    """Draw a panel in a page; what the page asks, the panel answers."""
    got: list[tuple[dict, list]] = []
    panel.send = lambda message, buffers=None: got.append((message, buffers or []))

    def kernel(asked: Any) -> Any:
        message, texts = asked
        before = len(got)
        panel._handle_custom_msg(message, [memoryview(base64.b64decode(text)) for text in texts])
        until = time.monotonic() + 60
        while not any(answer.get("number") == message["number"] for answer, _ in got[before:]):
            assert time.monotonic() < until, f"no answer to {message}"
            time.sleep(0.002)
        return [encoded(got[before:]), news(panel)]

    page.expose_function("kernel", kernel)
    frame = FRAME.format(title=type(panel).__name__, style=panel._css, light=str(not dark).lower(), width=width)
    page.set_content(frame)
    panel.page_state = {}
    page.evaluate(DRAW, [panel._esm, news(panel)])


def until(page: Any, there: Callable[[], bool], seconds: float = 30) -> None:
    """Let the page talk with the kernel until something is so."""
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it did not come"
        page.wait_for_timeout(5)


def encoded(messages: list[tuple[dict, list]]) -> list:
    """Return messages with their buffers as text."""
    return [[message, [base64.b64encode(part).decode() for part in parts]] for message, parts in messages]


def news(panel: Any) -> dict[str, Any]:
    """Return the traits of the page that the kernel changed since it was asked last."""
    shared = {"layout", "tabbable", "tooltip"}
    traits = {name: getattr(panel, name) for name in panel.keys if not (name.startswith("_") or name in shared)}
    # As ipywidgets does: what did not change must not undo what was chosen in the page.
    changed = {name: value for name, value in traits.items() if value != panel.page_state.get(name, ...)}
    panel.page_state |= changed
    return changed


def change(page: Any, panel: Any, **traits: Any) -> None:
    """Set traits from code, as a cell does, and tell the page."""
    for name, value in traits.items():
        setattr(panel, name, value)
    page.evaluate("([traits]) => widget.changed(traits)", [news(panel)])


def tell(page: Any, panel: Any, act: Callable[[], None]) -> None:
    """Do in the kernel what a cell does, and let the page hear what it is told of it."""
    told: list[tuple[dict, list]] = []
    answer, panel.send = panel.send, lambda message, buffers=None: told.append((message, buffers or []))
    act()
    panel.send = answer
    page.evaluate("([told, traits]) => { widget.changed(traits); widget.told(told); }", [encoded(told), news(panel)])
