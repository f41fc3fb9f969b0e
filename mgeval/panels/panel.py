"""Messages between the page of a widget and the kernel: the page asks, the kernel answers, on any thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anywidget

from mgeval.errors import MgevalError, first_line
from mgeval.panels.bundle import style

Answer = tuple[dict[str, Any], Sequence[Any]]
"""The answer of the kernel: a JSON object, and buffers."""


class Panel(anywidget.AnyWidget):
    """A widget whose page sends custom messages ``{"ask": kind, "number": n, ...}``.

    Parameters
    ----------
    answers : mapping of str to callable
        By kind, a function of the message and its buffers that returns an `Answer`.
    slow : collection of str
        Kinds that are answered one after the other on a separate thread: those that take long, and those that
        change traits, whose observers belong to the user and may take any time.
    **traits
        Initial values of traits.
    """

    _css = style()

    def __init__(
        self, answers: Mapping[str, Callable[[dict, Sequence], Answer]], slow: Sequence[str] = (), **traits: Any
    ) -> None:
        self._answers = {"hello": lambda message, buffers: ({}, []), **answers}
        self._slow = frozenset(slow)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mgeval-panel")
        super().__init__(**traits)
        self.on_msg(self._handle_message)

    def open(self) -> None:
        """Open the channel to the page; ipywidgets calls it."""
        super().open()
        self._stay_reachable()

    def _send(self, message: dict[str, Any], buffers: Any = None) -> None:
        super()._send(message, buffers)
        self._stay_reachable()

    def _stay_reachable(self) -> None:
        # ipykernel 7.4 passes a message of the page to the shell that last used the channel. If that was a cell, the
        # page would wait until no cell runs; without this attribute its messages go to the subshell that they name.
        getattr(self.comm, "__dict__", {}).pop("_reply_subshell_id", None)

    def _handle_message(self, widget: Any, message: Any, buffers: Sequence[Any]) -> None:
        if not isinstance(message, dict) or message.get("ask") not in self._answers:
            return
        if message["ask"] in self._slow:
            self._thread.submit(self._answer, message, buffers)
        else:
            self._answer(message, buffers)

    def _answer(self, message: dict[str, Any], buffers: Sequence[Any]) -> None:
        try:
            reply, data = self._answers[message["ask"]](message, buffers)
        except Exception as error:
            # Nobody sees the traceback of a callback, so the page shows the error.
            reply, data = {"error": error_text(error)}, []
        self.send({**reply, "number": message.get("number")}, list(data))

    def _set_quietly(self, name: str, value: Any) -> None:
        """Set a trait to a value from the page without sending it back, which could undo a newer choice."""
        with self._lock_property(**{name: value}):
            setattr(self, name, value)


def error_text(error: Exception) -> str:
    """Return an error in one line: errors of mgeval unchanged, others with their type."""
    return str(error) if isinstance(error, MgevalError) else first_line(error)
