"""A page that asks a panel, without a browser: what it would send, and what comes back."""

from __future__ import annotations

import time
from typing import Any

import numpy as np


class Page:
    """Stands where a panel's page would: keeps what the panel sends."""

    def __init__(self, panel: Any) -> None:
        self.panel, self.got = panel, []
        panel.send = lambda message, buffers=None: self.got.append((message, buffers or []))

    def ask(self, kind: str, *buffers: np.ndarray, **message: Any) -> tuple[dict, list]:
        """Ask, and wait for the answer, which may come from another thread."""
        number = f"n{len(self.got)}"
        sent = [memoryview(buffer.tobytes()) for buffer in buffers]
        self.panel._handle_custom_msg({"ask": kind, "number": number, **message}, sent)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            for answer in list(self.got):
                if answer[0].get("number") == number:
                    return answer
            time.sleep(0.005)
        raise TimeoutError(f"no answer to {kind}")
