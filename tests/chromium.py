"""One Chromium for all tests that look at a page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage")


def browser_scope(fixture_name: str, config: pytest.Config) -> str:
    """Return how long a browser lives: while tests run one after the other, for all of them.

    Among several processes it lives for one file: its driver runs an event loop, in which tests of other files fail.
    """
    return "module" if hasattr(config, "workerinput") else "session"


@pytest.fixture(scope=browser_scope)
def browser() -> Iterator:
    """A Chromium without a window."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="the browser's tests need Playwright: pip install -e '.[dev]'"
    )
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("the browser's tests need Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield chromium
        chromium.close()
