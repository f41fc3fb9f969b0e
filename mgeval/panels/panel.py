"""How a widget's page and the kernel talk: the page asks, the kernel answers, at any time and from any thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anywidget

from mgeval.errors import MgevalError, first_line
from mgeval.panels.bundle import style

Answer = tuple[dict[str, Any], Sequence[Any]]
"""What the kernel answers: a JSON object, and buffers."""


class Panel(anywidget.AnyWidget):
    """A widget whose page asks by custom messages ``{"ask": kind, "number": n, ...}``.

    Parameters
    ----------
    answers : mapping of str to callable
        By kind, what takes the message and its buffers and returns an `Answer`.
    slow : collection of str
        Kinds that are answered one after the other on a thread of their own: those that take long, and those
        that change traits, whose observers are the user's and may take as long as they like.
    **traits
        Values of traits.
    """

    _css = style()

    def __init__(
        self, answers: dict[str, Callable[[dict, Sequence], Answer]], slow: Sequence[str] = (), **traits: Any
    ) -> None:
        self._answers = {"hello": lambda message, buffers: ({}, []), **answers}
        self._slow = frozenset(slow)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mgeval-panel")
        super().__init__(**traits)
        self.on_msg(self._received)

    def open(self) -> None:
        """Open the channel to the page; ipywidgets calls it."""
        super().open()
        self._stay_reachable()

    def _send(self, message: dict[str, Any], buffers: Any = None) -> None:
        super()._send(message, buffers)
        self._stay_reachable()

    def _stay_reachable(self) -> None:
        # ipykernel 7.4 hands what a page sends to the shell that last spoke on the channel. When that was a cell, the
        # page would wait until no cell runs; without the memory its messages go to the subshell that they name.
        getattr(self.comm, "__dict__", {}).pop("_reply_subshell_id", None)

    def _received(self, widget: Any, message: Any, buffers: Sequence[Any]) -> None:
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
            # A callback's traceback goes where nobody looks: the page shows the error.
            reply, data = {"error": error_text(error)}, []
        self.send({**reply, "number": message.get("number")}, list(data))

    def _set_quietly(self, name: str, value: Any) -> None:
        """Set a trait to what the page has already; an echo could undo what was chosen there since."""
        with self._lock_property(**{name: value}):
            setattr(self, name, value)


def error_text(error: Exception) -> str:
    """Say in one line what went wrong: mgeval's own errors as they are, others with their kind."""
    return str(error) if isinstance(error, MgevalError) else first_line(error)
