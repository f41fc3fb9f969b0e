"""Try a prompt and its settings: make takes, hear them, see their metrics, and keep them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from typing import Any

import traitlets

from mgeval.errors import ModelError, first_line
from mgeval.models import Generated, Model, Sampling, load_model
from mgeval.panels.bundle import bundle, style
from mgeval.panels.clip_source import Clips
from mgeval.panels.panel import Answer, Panel
from mgeval.panels.player import player_answers
from mgeval.panels.prompt_studio.takes import (
    Progress,
    Take,
    TakeAudio,
    TakeMeasurer,
    outcome_text,
    plan_cells,
    save_take,
)
from mgeval.panels.settings import sampling_of, setting_fields, texts_of
from mgeval.runs import Store, make_request, stream_results

FIRST_PROMPT = "a slow piano ballad with soft strings, very wide stereo"

MOST_TAKES = 8
"""Takes of one generation at most."""

LISTED_TAKES = 32
"""Takes in the list at most; beyond that, the oldest that were not kept are dropped."""


class Studio(Panel):
    """The widget that `studio` returns.

    Attributes
    ----------
    prompt : str
        The prompt; an empty one generates unconditionally.
    sampling : Sampling
        The current settings; set it to change them: ``studio.sampling = mg.Sampling(duration=4)``.
    takes : int
        Number of takes to make at once, 1 to 8: the first has the seed of the settings, the others the following seeds.
    value : Generated or None
        The chosen take; set it to one of ``clips``, or observe it.
    clips : list of Generated
        The takes of the last generation made so far.
    status : dict
        ``running``, ``made`` and ``total`` in seconds of audio, ``note``, and ``wrong``: whether the note is an error.
    store : Store
        The store for kept takes.
    """

    _esm = bundle("studio")
    _css = style("studio")

    prompt = traitlets.Unicode(FIRST_PROMPT, help="the prompt").tag(sync=True)
    sampling = traitlets.Instance(Sampling, (), help="the settings").tag(sync=True, to_json=texts_of)
    takes = traitlets.Int(2, min=1, max=MOST_TAKES, help="number of takes").tag(sync=True)
    value = traitlets.Instance(Generated, allow_none=True, help="the chosen take")
    clips: traitlets.List[Any] = traitlets.List(help="takes of the last generation")
    status = traitlets.Dict(help="the progress of the generation").tag(sync=True)
    chosen = traitlets.Unicode(None, allow_none=True, help="the key of the chosen take").tag(sync=True)
    other = traitlets.Unicode(None, allow_none=True, help="the key of the take it is compared with").tag(sync=True)
    listed: traitlets.List[Any] = traitlets.List(help="the takes in the list of the page").tag(sync=True)
    about = traitlets.Dict(help="model, store and controls").tag(sync=True)

    def __init__(self, model: Model, store: Store) -> None:
        self.model, self.store = model, store
        self._takes: dict[str, Take] = {}
        self._kept: set[str] = set()
        audios = TakeAudio(self._takes)
        self._measurer = TakeMeasurer(audios, lambda key, row: self.send({"tell": "numbers", "key": key, **row}))
        self._lock = threading.RLock()
        self._progress, self._observer_error = Progress(self._report), ""
        self._thread_of_takes: threading.Thread | None = None
        self._error: Exception | None = None
        answers = {
            "form": self._form, "generate": self._start, "cancel": self._cancel, "keep": self._keep,
            "clip": self._clip, "choose": self._choose, "numbers": self._measure,
        }  # fmt: skip
        self._playing, slow = player_answers(self, Clips(audios))
        about = {"model": model.name, "store": str(store.path), "controls": setting_fields(), "most": MOST_TAKES}
        slow = (*slow, "form", "generate", "keep")
        super().__init__({**self._playing, **answers}, slow, about=about, status=_status())

    @property
    def running(self) -> bool:
        """Whether takes are being made."""
        return self.status["running"]

    def generate(self) -> None:
        """Start making takes on a separate thread; `wait` waits for them.

        Raises
        ------
        ModelError
            Takes are being made already.
        PromptError, SamplingError
            The prompt or the seed of the last take is not valid.
        """
        cells = plan_cells(self.model, self.prompt, self.sampling, self.takes)
        with self._lock:
            if self.running:
                raise ModelError("takes are being made: wait() for them, or cancel() them")
            self._progress, self._error, self._observer_error = Progress(self._report), None, ""
            self._set(clips=[], status=_status(running=True, total=sum(cell["duration"] for cell in cells)))
            thread = threading.Thread(target=self._make, args=(cells,), name="mgeval takes", daemon=True)
            self._thread_of_takes = thread
            thread.start()

    def wait(self, timeout: float | None = None) -> list[Generated]:
        """Wait until no takes are being made, and return those of the last generation.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Raises
        ------
        TimeoutError
            They are not made by then; the generation continues.
        MgevalError
            The reason why none could be made.
        """
        if self._thread_of_takes is not None:
            self._thread_of_takes.join(timeout)
            if self._thread_of_takes.is_alive():
                raise TimeoutError(f"the takes are not made after {timeout:g} s of waiting")
        if self._error is not None:
            raise self._error
        return list(self.clips)

    def cancel(self) -> None:
        """Stop after the decoding step, or after the take of a model without steps; finished takes stay."""
        self._progress.cancelled = True

    def keep(self, take: Generated | None = None) -> dict[str, Any]:
        """Save a take in the store as `mgeval.run` would: a sweep with this clip will not make it again.

        Parameters
        ----------
        take : Generated, optional
            One of the takes in the list; by default the chosen one.

        Returns
        -------
        dict
            Its row in the table of the store.

        Raises
        ------
        ModelError
            There is no such take.
        """
        return self._save(self._key(self.value if take is None else take))

    def _save(self, key: str | None) -> dict[str, Any]:
        if key not in self._takes:
            raise ModelError("there is no such take to keep: generate() makes takes, and .clips has them")
        row = save_take(self._takes[key], self.model, self.store)
        self._kept.add(key)
        self._set(listed=self._rows())
        return row

    def _make(self, cells: Sequence[dict[str, Any]]) -> None:
        started = time.monotonic()
        errors: list[Exception] = []
        try:
            for index, result in stream_results(self.model, [make_request(cell) for cell in cells], self._progress):
                if isinstance(result, Generated):
                    self._add_take(Take(cells[index], result))
                else:
                    errors.append(result)
        except Exception as error:
            errors.append(error)
        self._end(len(cells), errors, time.monotonic() - started)

    def _add_take(self, take: Take) -> None:
        key, first = take.cell["key"], not self.clips
        # The list shows the newest first; a take that is made again moves to the top.
        self._takes.pop(key, None)
        self._takes[key] = take
        dispensable = [old for old in self._takes if old not in self._kept and old != self.chosen]
        for old in dispensable[: max(len(self._takes) - LISTED_TAKES, 0)]:
            del self._takes[old]
        self._set(clips=[*self.clips, take.clip], listed=self._rows())
        if first:
            self._set(value=take.clip)
        self._progress.finish(take.cell["duration"])

    def _end(self, requested: int, errors: Sequence[Exception], seconds: float) -> None:
        note, wrong = outcome_text(self.clips, requested, errors, seconds)
        self._error = errors[0] if errors and not self.clips else None
        if self._observer_error:
            note, wrong = f"{note}; {self._observer_error}", True
        self._set(
            status={**self.status, "running": False, "made": self._progress.seconds, "note": note, "wrong": wrong}
        )

    def _report(self, seconds: float) -> None:
        self._set(status={**self.status, "made": seconds})

    def _set(self, **values: Any) -> None:
        """Set traits; an error of an observer of the user is shown at the end and stops nothing."""
        for name, value in values.items():
            try:
                setattr(self, name, value)
            except Exception as error:
                self._observer_error = f"an observer of {name} failed: {first_line(error)}"

    def _key(self, clip: Generated | None) -> str | None:
        return next((key for key, take in list(self._takes.items()) if take.clip is clip), None)

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {"key": key, "prompt": take.cell["prompt"], "seed": str(take.cell["seed"]),
             "seconds": take.clip.audio.duration, "kept": key in self._kept}
            for key, take in reversed(list(self._takes.items()))
        ]  # fmt: skip

    @traitlets.observe("value")
    def _follow_value(self, change: Any) -> None:
        self.chosen = self._key(change["new"])

    @traitlets.observe("chosen")
    def _follow_chosen(self, change: Any) -> None:
        if change["new"] in self._takes:
            self.value = self._takes[change["new"]].clip

    def _form(self, message: dict, buffers: Sequence) -> Answer:
        return {"wrong": self._read_form(message)}, []

    def _start(self, message: dict, buffers: Sequence) -> Answer:
        errors = self._read_form(message)
        if not errors:
            self.generate()
        return {"wrong": errors}, []

    def _read_form(self, form: dict) -> dict[str, str]:
        """Set the valid values of the fields of the page; return the errors by field."""
        sampling, errors = sampling_of(form["settings"], self.sampling)
        with self._lock_property(sampling=texts_of(sampling)):
            self.sampling = sampling
        self._set_quietly("takes", form["takes"])
        self._set_quietly("prompt", form["prompt"])
        return errors

    def _cancel(self, message: dict, buffers: Sequence) -> Answer:
        self.cancel()
        return {}, []

    def _keep(self, message: dict, buffers: Sequence) -> Answer:
        self._save(message["key"])
        return {"note": f"Kept in {self.store.path}"}, []

    def _choose(self, message: dict, buffers: Sequence) -> Answer:
        self._set_quietly("other" if message.get("other") else "chosen", message["key"])
        return {}, []

    def _clip(self, message: dict, buffers: Sequence) -> Answer:
        answer, data = self._playing["clip"](message, buffers)
        cell = self._takes[message["key"]].cell
        return {**answer, "title": f"Seed {cell['seed']}: {cell['prompt'] or 'no prompt'}"}, data

    def _measure(self, message: dict, buffers: Sequence) -> Answer:
        return self._measurer.ask(message["key"]), []


def studio(model: Model | str = "synth", store: Store | str | os.PathLike[str] = "runs/studio") -> Studio:
    """Try prompts and settings: make several takes at once, hear and compare them, and keep the good ones.

    Takes are made in the background: other cells can run meanwhile, and takes can be made and cancelled while a cell
    runs. A take gets the key, the file and the row that `mgeval.run` would give it.

    Parameters
    ----------
    model : Model or str
        A loaded model, or the name of one for `mgeval.load_model`.
    store : Store or path-like
        The store for kept takes; nothing is written before the first one.

    Returns
    -------
    Studio
        A widget; ``.value`` is the chosen take, ``.clips`` has those of the last generation.

    Raises
    ------
    ModelError
        The model cannot be loaded.
    StoreError
        The folder holds something that is not a store.

    Examples
    --------
    >>> import tempfile, mgeval as mg
    >>> studio = mg.panels.studio("synth", tempfile.mkdtemp())
    >>> studio.sampling = mg.Sampling(duration=1)
    >>> studio.generate()
    >>> len(studio.wait())
    2
    >>> studio.keep()["status"]
    'done'
    """
    store = store if isinstance(store, Store) else Store(store)
    return Studio(load_model(model) if isinstance(model, str) else model, store)


def _status(**changes: Any) -> dict[str, Any]:
    return {"running": False, "made": 0.0, "total": 0.0, "note": "", "wrong": False, **changes}
