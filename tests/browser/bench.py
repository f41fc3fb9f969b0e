"""What tests in a browser share: notebooks made of cells, running them, pictures of them."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

PICTURES = Path(os.environ.get("MGEVAL_SCREENSHOTS") or Path(__file__).parents[2] / "build" / "screenshots")
"""Where pictures go; git ignores ``build``."""

LOCAL = {"127.0.0.1", "localhost"}
PLAYED = """() => {
  const before = window.bench;
  window.bench = { pressed: 0, delays: [] };
  // Heard once, however often it is begun anew.
  if (before) return;
  document.addEventListener("pointerdown", () => { bench.pressed = performance.now(); }, true);
  document.addEventListener("mgeval:playing", () => bench.delays.push(performance.now() - bench.pressed), true);
}"""
"""Makes a page note how many ms after a press a clip sounds."""

FRAMES = """() => {
  window.frames_ = []; let last = performance.now();
  window.framing = true;
  requestAnimationFrame(function tick(now) {
    frames_.push(now - last); last = now;
    if (framing) requestAnimationFrame(tick);
  });
}"""
"""Makes a page note the ms between its frames."""


class Lab(NamedTuple):
    """A running JupyterLab."""

    url: str
    token: str
    folder: Path
    log: Path


def watched(page: Any) -> list[str]:
    """Return a list that fills with what must not happen: errors in the console, requests beyond this machine."""
    problems: list[str] = []

    def message(said: Any) -> None:
        if said.type == "error":
            problems.append(f"console: {said.text} ({said.location.get('url', '')})")

    def request(asked: Any) -> None:
        place = urllib.parse.urlsplit(asked.url)
        if place.scheme in ("http", "https", "ws", "wss") and place.hostname not in LOCAL:
            problems.append(f"request: {asked.url}")

    page.on("console", message)
    page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    page.on("request", request)
    page.on("websocket", request)
    return problems


def write_notebook(lab: Lab, name: str, cells: Sequence[str]) -> Path:
    """Write a notebook of these cells of code where the server finds it."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = lab.folder / name
    nbformat.write(notebook, path)
    return path


def ask(lab: Lab, path: str, method: str = "GET", content: Any = None) -> Any:
    """Ask the server itself, and return what it answers as JSON."""
    header = {"Authorization": f"token {lab.token}"}
    data = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(f"{lab.url}/{path}", data, header, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def setting(lab: Lab, plugin: str, values: dict[str, Any]) -> None:
    """Change a setting of JupyterLab for pages that are opened from now on."""
    ask(lab, f"lab/api/settings/@jupyterlab/{plugin}", "PUT", {"raw": json.dumps(values)})


def theme(lab: Lab, name: str) -> None:
    """Choose ``JupyterLab Light`` or ``JupyterLab Dark``."""
    setting(lab, "apputils-extension:themes", {"theme": name})


def open_notebook(page: Any, lab: Lab, name: str) -> None:
    """Open one notebook alone, without the file browser beside it, with a kernel of its own, and wait for that."""
    stop_kernels(lab)
    reset = "&reset" if "/lab" not in page.url else ""
    page.goto(f"{lab.url}/doc/tree/{urllib.parse.quote(name)}?token={lab.token}{reset}", wait_until="domcontentloaded")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=120_000)
    idle(page)


def stop_kernels(lab: Lab) -> None:
    """End all kernels of the server: those of earlier tests are in the way."""
    for session in ask(lab, "api/sessions"):
        ask(lab, f"api/sessions/{session['id']}", "DELETE")


def menu(page: Any, *names: str) -> None:
    """Choose from the menu bar."""
    for name in names:
        # An entry is named with its keys: "Save Notebook Ctrl+S".
        page.get_by_role("menuitem", name=re.compile(rf"^{re.escape(name)}\s*(Ctrl[+].*)?$")).first.click()


def idle(page: Any, seconds: float = 120) -> None:
    """Wait until the kernel is there and no cell runs."""
    # The indicator says idle also before there is a kernel, and cells that are run then are lost.
    page.locator(".jp-StatusBar-TextItem", has_text=re.compile("[|] Idle$")).first.wait_for(timeout=1000 * seconds)
    page.locator(".jp-NotebookPanel .jp-Notebook-ExecutionIndicator[data-status=idle]").first.wait_for(
        timeout=1000 * seconds
    )


def run_all(page: Any, seconds: float = 120) -> None:
    """Run all cells, and wait until none runs; an error in a cell fails."""
    start_all(page)
    page.wait_for_function(
        """() => [...document.querySelectorAll(".jp-CodeCell .jp-InputArea-prompt")]
              .every((prompt) => /\\[\\d+\\]/.test(prompt.textContent))""",
        timeout=1000 * seconds,
    )
    errors = page.locator(".jp-OutputArea-output", has_text="Traceback (most recent call last)")
    assert errors.count() == 0, errors.first.inner_text()


def start_all(page: Any) -> None:
    """Begin to run all cells, and do not wait."""
    menu(page, "Run", "Run All Cells")


def save(page: Any) -> None:
    """Save the notebook, as Ctrl+S does, and wait until it is saved."""
    with page.expect_response(lambda got: "/api/contents/" in got.url and got.request.method == "PUT"):
        menu(page, "File", "Save Notebook")


def points(page: Any) -> list[tuple[float, float]]:
    """Return where on the screen a plot has points that can be told apart, by moving over all of it."""
    return page.evaluate(
        """() => {
          // A plot that waits for its first clip is there and not shown.
          const area = [...document.querySelectorAll(".mg-plot")].find((plot) => plot.offsetParent);
          const tip = area.querySelector(".mg-tip");
          const box = area.getBoundingClientRect();
          const found = new Map();
          for (let y = 6; y < box.height; y += 8) for (let x = 6; x < box.width; x += 8) {
            const at = { clientX: box.left + x, clientY: box.top + y };
            area.dispatchEvent(new PointerEvent("pointermove", at));
            if (!tip.hidden && !found.has(tip.textContent)) found.set(tip.textContent, [at.clientX, at.clientY]);
          }
          area.dispatchEvent(new PointerEvent("pointerleave"));
          return [...found.values()];
        }"""
    )


def reads(page: Any, place: str, text: str) -> None:
    """Wait until a part of the page holds this text and no other."""
    page.locator(place).filter(has_text=re.compile(f"^{re.escape(text)}$")).wait_for()


def serious(page: Any, place: str) -> list[str]:
    """Return what axe-core finds serious or critical in a part of the page."""
    spec = importlib.util.find_spec("axe_playwright_python")
    assert spec is not None, "axe-core is needed, and not installed: pip install -e '.[dev]'"
    page.evaluate((Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("place => axe.run(place)", place)
    assert found["passes"], "axe-core looked at nothing"
    return [
        f"{one['id']}: {one['help']} {[node['html'][:200] for node in one['nodes']]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def picture(target: Any, name: str) -> Path:
    """Keep a picture of a page or a part of it."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name}.png"
    target.screenshot(path=path)
    return path
