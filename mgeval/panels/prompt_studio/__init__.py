"""A prompt, its settings, and takes of it: to hear, to see, in numbers, and to keep."""

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
from mgeval.panels.prompt_studio.takes import Audios, Take, TakeMeasurer, Watch, outcome, planned, put
from mgeval.panels.settings import controls, sampling_of, texts_of
from mgeval.runs import Store, make_request, stream_results

PROMPT = "a slow piano ballad with soft strings, very wide stereo"

MOST = 8
"""Takes at once."""

LISTED = 32
"""Takes that are listed: of more, the oldest that were not kept go."""


class Studio(Panel):
    """The widget that `studio` returns.

    Attributes
    ----------
    prompt : str
        The text; the empty one generates unconditionally.
    sampling : Sampling
        The settings as they stand; set it to change them: ``studio.sampling = mg.Sampling(duration=4)``.
    takes : int
        How many to make at once, 1 to 8: the first has the settings' seed, each other one the next.
    value : Generated or None
        The chosen take; set it to one of ``clips``, or observe it.
    clips : list of Generated
        The takes of the last generation that are made so far.
    status : dict
        ``running``, ``made`` and ``total`` in seconds of audio, ``note`` and ``wrong``, whether that is an error.
    store : Store
        Where takes are kept.
    """

    _esm = bundle("studio")
    _css = style("studio")

    prompt = traitlets.Unicode(PROMPT, help="the text").tag(sync=True)
    sampling = traitlets.Instance(Sampling, (), help="the settings").tag(sync=True, to_json=texts_of)
    takes = traitlets.Int(2, min=1, max=MOST, help="takes at once").tag(sync=True)
    value = traitlets.Instance(Generated, allow_none=True, help="the chosen take")
    clips = traitlets.List(help="takes of the last generation")
    status = traitlets.Dict(help="how far the generation is").tag(sync=True)
    chosen = traitlets.Unicode(None, allow_none=True, help="the chosen take's key").tag(sync=True)
    other = traitlets.Unicode(None, allow_none=True, help="the key of the take it is compared with").tag(sync=True)
    listed = traitlets.List(help="the takes that the page lists").tag(sync=True)
    about = traitlets.Dict(help="model, store and controls").tag(sync=True)

    def __init__(self, model: Model, store: Store) -> None:
        self.model, self.store = model, store
        self._takes: dict[str, Take] = {}
        self._kept: set[str] = set()
        audios = Audios(self._takes)
        self._numbers = TakeMeasurer(audios, lambda key, found: self.send({"tell": "numbers", "key": key, **found}))
        self._lock = threading.RLock()
        self._watch, self._maker, self._error, self._trouble = Watch(self._report), None, None, ""
        own = {
            "form": self._form, "generate": self._begin, "cancel": self._cancel, "keep": self._keep,
            "clip": self._clip, "choose": self._choose, "numbers": self._ask_numbers,
        }  # fmt: skip
        self._playing, slow = player_answers(self, Clips(audios))
        about = {"model": model.name, "store": str(store.path), "controls": controls(), "most": MOST}
        super().__init__({**self._playing, **own}, (*slow, "form", "generate", "keep"), about=about, status=_status())

    @property
    def running(self) -> bool:
        """Whether takes are being made."""
        return self.status["running"]

    def generate(self) -> None:
        """Begin to make takes, in a thread of their own; `wait` waits for them.

        Raises
        ------
        ModelError
            Takes are being made already.
        PromptError, SamplingError
            The prompt or the last take's seed is not valid.
        """
        cells = planned(self.model, self.prompt, self.sampling, self.takes)
        with self._lock:
            if self.running:
                raise ModelError("takes are being made: wait() for them, or cancel() them")
            self._watch, self._error, self._trouble = Watch(self._report), None, ""
            self._set(clips=[], status=_status(running=True, total=sum(cell["duration"] for cell in cells)))
            self._maker = threading.Thread(target=self._make, args=(cells,), name="mgeval takes", daemon=True)
            self._maker.start()

    def wait(self, timeout: float | None = None) -> list[Generated]:
        """Wait until no takes are being made, and return those of the last generation.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Raises
        ------
        TimeoutError
            They are not made by then; the making goes on.
        MgevalError
            Why none could be made.
        """
        if self._maker is not None:
            self._maker.join(timeout)
            if self._maker.is_alive():
                raise TimeoutError(f"the takes are not made after {timeout:g} s of waiting")
        if self._error is not None:
            raise self._error
        return list(self.clips)

    def cancel(self) -> None:
        """Stop after the decoding step, or the take of a model that has no steps; whole takes stay."""
        self._watch.cancelled = True

    def keep(self, take: Generated | None = None) -> dict[str, Any]:
        """Put a take into the store, as `mgeval.run` would: a sweep that has this clip will find it there.

        Parameters
        ----------
        take : Generated, optional
            One of the takes that are listed; by default the chosen one.

        Returns
        -------
        dict
            Its row in the store's table.

        Raises
        ------
        ModelError
            There is no such take.
        """
        return self._put(self._key(self.value if take is None else take))

    def _put(self, key: str | None) -> dict[str, Any]:
        if key not in self._takes:
            raise ModelError("there is no such take to keep: generate() makes some, and .clips holds them")
        row = put(self._takes[key], self.model, self.store)
        self._kept.add(key)
        self._set(listed=self._rows())
        return row

    def _make(self, cells: Sequence[dict[str, Any]]) -> None:
        began, failed = time.monotonic(), []
        try:
            for index, result in stream_results(self.model, [make_request(cell) for cell in cells], self._watch):
                if isinstance(result, Generated):
                    self._take(Take(cells[index], result))
                else:
                    failed.append(result)
        except Exception as error:
            failed.append(error)
        self._end(len(cells), failed, time.monotonic() - began)

    def _take(self, take: Take) -> None:
        key, first = take.cell["key"], not self.clips
        # The newest come first, and one that is made again comes anew.
        self._takes.pop(key, None)
        self._takes[key] = take
        spare = [old for old in self._takes if old not in self._kept and old != self.chosen]
        for old in spare[: max(len(self._takes) - LISTED, 0)]:
            del self._takes[old]
        self._set(clips=[*self.clips, take.clip], listed=self._rows())
        if first:
            self._set(value=take.clip)
        self._watch.finish(take.cell["duration"])

    def _end(self, asked: int, failed: Sequence[Exception], seconds: float) -> None:
        note, wrong = outcome(self.clips, asked, failed, seconds)
        self._error = failed[0] if failed and not self.clips else None
        if self._trouble:
            note, wrong = f"{note}; {self._trouble}", True
        self._set(status={**self.status, "running": False, "made": self._watch.seconds, "note": note, "wrong": wrong})

    def _report(self, seconds: float) -> None:
        self._set(status={**self.status, "made": seconds})

    def _set(self, **values: Any) -> None:
        """Set traits: what a user's observer raises is shown in the end, and stops nothing."""
        for name, value in values.items():
            try:
                setattr(self, name, value)
            except Exception as error:
                self._trouble = f"what observes {name} failed: {first_line(error)}"

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
        return {"wrong": self._read(message)}, []

    def _begin(self, message: dict, buffers: Sequence) -> Answer:
        wrong = self._read(message)
        if not wrong:
            self.generate()
        return {"wrong": wrong}, []

    def _read(self, form: dict) -> dict[str, str]:
        """Take in what stands in the page's fields as far as it is valid; return what is wrong, by field."""
        sampling, wrong = sampling_of(form["settings"], self.sampling)
        with self._lock_property(sampling=texts_of(sampling)):
            self.sampling = sampling
        self._set_quietly("takes", form["takes"])
        self._set_quietly("prompt", form["prompt"])
        return wrong

    def _cancel(self, message: dict, buffers: Sequence) -> Answer:
        self.cancel()
        return {}, []

    def _keep(self, message: dict, buffers: Sequence) -> Answer:
        self._put(message["key"])
        return {"note": f"Kept in {self.store.path}"}, []

    def _choose(self, message: dict, buffers: Sequence) -> Answer:
        self._set_quietly("other" if message.get("other") else "chosen", message["key"])
        return {}, []

    def _clip(self, message: dict, buffers: Sequence) -> Answer:
        answer, data = self._playing["clip"](message, buffers)
        cell = self._takes[message["key"]].cell
        return {**answer, "title": f"Seed {cell['seed']}: {cell['prompt'] or 'no prompt'}"}, data

    def _ask_numbers(self, message: dict, buffers: Sequence) -> Answer:
        return self._numbers.ask(message["key"]), []


def studio(model: Model | str = "synth", store: Store | str | os.PathLike[str] = "runs/studio") -> Studio:
    """Try prompts and settings by hand: make several takes at once, hear and compare them, keep the good ones.

    Takes are made in the background: cells can run meanwhile, and while one runs takes can be made and cancelled.
    A take has the key, the file and the row that `mgeval.run` would give it.

    Parameters
    ----------
    model : Model or str
        A loaded model, or the name of one for `mgeval.load_model`.
    store : Store or path-like
        Where takes are kept; nothing is written before one is.

    Returns
    -------
    Studio
        A widget; ``.value`` is the chosen take, ``.clips`` are those of the last generation.

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
