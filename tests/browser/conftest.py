"""A real JupyterLab and a real Chromium: the bench for every test of what a user sees and hears.

``lab`` is a server for the whole session, ``browser`` a Chromium, ``page`` a tab that fails its test if the
console shows an error or anything outside this machine is asked for. `open_notebook`, `run_all` and `picture`
in ``bench`` do what tests need.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.bench import Lab, setting, watched
from chromium import browser_scope

EVIL = "<img src=x onerror=alert(1)>"
"""A prompt that must be shown as it is."""

ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, server: subprocess.Popen, log: Path, seconds: float = 180) -> None:
    """Wait until a server answers; raise with its log if it does not."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except urllib.error.HTTPError:
            # There is no such page, and somebody to say so.
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"no answer from {url}:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope=browser_scope)
def lab(browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab with its own settings, in a folder of its own; without a browser there is none."""
    pytest.importorskip("jupyterlab", reason="the browser's tests need JupyterLab: pip install -e '.[dev]'")
    home, folder = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("notebooks")
    port, token, log = free_port(), "bench", home / "log"
    places = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    places |= {f"JUPYTERLAB_{name}_DIR": str(home / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    options = {
        "ServerApp.port": port, "ServerApp.port_retries": 0, "IdentityProvider.token": token,
        "ServerApp.root_dir": folder, "ServerApp.open_browser": False,
    }  # fmt: skip
    flags = [f"--{name}={value}" for name, value in options.items()]
    with log.open("w") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--allow-root", *flags],
            env={**os.environ, **places, "PYTHONPATH": path, "IPYTHONDIR": str(home / "ipython")},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/api/status?token={token}", server, log)
        running = Lab(f"http://127.0.0.1:{port}", token, folder, log)
        # Both would ask the network.
        setting(running, "apputils-extension:notification", {"fetchNews": "false", "checkForUpdates": False})
        yield running
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture
def page(browser) -> Iterator:
    """A tab of its own; errors in its console and requests beyond this machine fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    # JupyterLab is megabytes of code: a busy machine takes its time with them.
    context.set_default_timeout(60_000)
    context.set_default_navigation_timeout(180_000)
    tab = context.new_page()
    problems = watched(tab)
    yield tab
    context.close()
    assert problems == []


@pytest.fixture(scope=browser_scope)
def clips(lab):
    """A store of 24 short clips, ``runs/bench`` in the server's folder; returns their scores, ``scores.parquet``."""
    import mgeval as mg

    prompts = ["piano, very wide stereo", "drums, panned hard to the left", "strings", EVIL]
    store = mg.Store(lab.folder / "runs" / "bench")
    table = mg.run(mg.Sweep("synth", prompts, {"duration": 2}, seeds=range(6)).plan(), store, progress=False)
    scores = mg.measure(table, store, ["correlation", "width", "balance_db", "loudness", "centroid"], progress=False)
    scores.to_parquet(lab.folder / "scores.parquet")
    return scores
