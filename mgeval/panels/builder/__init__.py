"""A sweep put together by hand, started in the background, and watched while it is made."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import traitlets

from mgeval.errors import ModelError, SweepError, first_line
from mgeval.models import Model, model_revision
from mgeval.panels.builder.background import BackgroundRun
from mgeval.panels.builder.form import BLANK, check_form, estimate_of, sweep_of, yaml_of
from mgeval.panels.bundle import bundle, style
from mgeval.panels.clip_source import Clips
from mgeval.panels.panel import Answer
from mgeval.panels.player import player_answers
from mgeval.panels.scatter import Plot
from mgeval.panels.settings import controls
from mgeval.runs import Store, Sweep

if TYPE_CHECKING:
    import pandas as pd

    from mgeval.runs import Handle

READY = {"state": "ready", "made": 0, "failed": 0, "total": 0, "measured": 0, "eta": None, "note": "", "wrong": False}


class SweepBuilder(Plot):
    """The widget that `sweep_builder` returns.

    Attributes
    ----------
    form : dict of str to str
        What stands in the fields: ``prompts``, one on each line, the settings, ``seeds``. Set it to fill them:
        ``builder.form = {"prompts": "piano", "guidance": "1, 3", "duration": "2"}``.
    value : DataFrame
        The clips that are made and measured so far; observe it.
    chosen : str or None
        The key of the clip that is heard; set it, or observe it.
    selection : DataFrame
        The rows inside the lasso; set it, or observe it.
    status : dict
        ``state`` ('ready', 'running', 'paused', 'stopping', 'measuring', 'cancelled', 'done', 'stopped'), ``made``,
        ``failed``, ``total`` and ``measured`` clips, ``eta`` in seconds, ``note`` and ``wrong``, whether that is an
        error.
    handle : mgeval.runs.runner.Handle or None
        That of the last run.
    """

    _esm = bundle("sweepbuilder")
    _css = style("studio", "sweep")
    _chosen = "chosen"

    value = traitlets.Any(help="the clips that are measured so far")
    chosen = traitlets.Unicode(None, allow_none=True, help="the key of the clip that is heard").tag(sync=True)
    other = traitlets.Unicode(None, allow_none=True, help="the key of the clip it is compared with").tag(sync=True)
    form = traitlets.Dict(BLANK, help="what stands in the fields").tag(sync=True)
    status = traitlets.Dict(READY, help="how far the run is").tag(sync=True)
    about = traitlets.Dict(help="model, store and controls").tag(sync=True)

    def __init__(self, model: Model | str, store: Store) -> None:
        import pandas as pd

        self.store = store
        self._name, self._model = (model, None) if isinstance(model, str) else (model.name, model)
        self._measured: dict[str, dict[str, Any]] = {}
        self._following: BackgroundRun | None = None
        self._begun: dict[str, str] | None = None
        self._lock = threading.RLock()
        playing, slow = player_answers(self, Clips(store))
        own = {
            "form": self._preview, "start": self._start, "pause": self._pause, "resume": self._resume,
            "stop": self._stop, "choose": self._choose_clip,
        }  # fmt: skip
        fields = dict.fromkeys(("x", "y", "colour", "shape"))
        about = {"model": self._name, "store": str(store.path), "controls": controls()}
        super().__init__(
            pd.DataFrame({"key": []}), fields, answers={**playing, **own}, slow=(*slow, "form", "start"), about=about
        )
        self.value = self.table

    @property
    def sweep(self) -> Sweep:
        """The sweep that stands in the fields.

        Raises
        ------
        SweepError
            A field is not valid.
        """
        sweep, wrong = sweep_of(self._name, self.form)
        if sweep is None:
            raise SweepError(next(iter(wrong.values())))
        return sweep

    @property
    def yaml(self) -> str:
        """The sweep as a file for ``mgeval run``."""
        return yaml_of(self.sweep)

    @property
    def handle(self) -> Handle | None:
        """The last run's handle."""
        return self._following and self._following.handle

    @property
    def running(self) -> bool:
        """Whether clips are being made or measured."""
        return self._following is not None and self._following.running

    def start(self) -> None:
        """Begin to make what the store does not hold yet, in the background; what was there is shown too.

        Raises
        ------
        SweepError
            A field is not valid, or a run goes on.
        """
        sweep = self.sweep
        plan = sweep.plan()
        with self._lock:
            if self.running:
                raise SweepError("a sweep is being made: stop() it, or wait() for it")
            if self._begun != self.form:
                self._begun, self._axes = self.form, axes_of(sweep)
            self._following = BackgroundRun(plan, self.store, self._model, self._measured, self._grown, self._tell)

    def pause(self) -> None:
        """Rest after the decoding step until `resume`."""
        if self.handle is not None:
            self.handle.pause()

    def resume(self) -> None:
        """Go on: after a pause, or after `stop` with what is missing."""
        if self.running:
            self.handle.resume()
        else:
            self.start()

    def stop(self) -> None:
        """Stop after the decoding step; what is finished is saved, and `resume` makes the rest."""
        if self.handle is not None:
            self.handle.cancel()

    def wait(self, timeout: float | None = None) -> pd.DataFrame:
        """Wait until all is made and measured, and return it.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Raises
        ------
        TimeoutError
            It is not done by then; it goes on.
        MgevalError, OSError
            What ended the run early.
        """
        if self._following is not None:
            self._following.join(timeout)
            if self.running:
                raise TimeoutError(f"{self.handle!r}, after {timeout:g} s of waiting")
            self.handle.result()
        return self.value

    @traitlets.validate("form")
    def _whole(self, proposal: Any) -> dict[str, str]:
        return check_form(proposal["value"])

    def _grown(self, table: pd.DataFrame) -> None:
        self.update(table)
        for role, names in self._axes.items():
            if name := next((name for name in names if name in self._drawn.columns), None):
                setattr(self, role, name)
                # From here on it is what the user makes it.
                self._axes = {other: names for other, names in self._axes.items() if other != role}
        self.value = self.table

    def _tell(self, standing: dict[str, Any]) -> None:
        try:
            self.status = standing
        except Exception as error:
            # What observes it is the user's; the run goes on.
            self.status = {**standing, "note": f"what observes status failed: {first_line(error)}", "wrong": True}

    def _preview(self, message: dict, buffers: Sequence) -> Answer:
        self._fill(message["form"])
        sweep, wrong = sweep_of(self._name, self.form)
        if sweep is None:
            return {"wrong": wrong}, []
        return {"wrong": {}, "yaml": yaml_of(sweep), **estimate_of(sweep, self.store)}, []

    def _start(self, message: dict, buffers: Sequence) -> Answer:
        self._fill(message["form"])
        self.start()
        return {}, []

    def _fill(self, form: dict[str, str]) -> None:
        self._set_quietly("form", check_form(form))

    def _pause(self, message: dict, buffers: Sequence) -> Answer:
        self.pause()
        return {}, []

    def _resume(self, message: dict, buffers: Sequence) -> Answer:
        self.handle.resume()
        return {}, []

    def _stop(self, message: dict, buffers: Sequence) -> Answer:
        self.stop()
        return {}, []

    def _choose_clip(self, message: dict, buffers: Sequence) -> Answer:
        self._set_quietly("other" if message.get("other") else "chosen", message["key"])
        return {}, []


def sweep_builder(model: Model | str = "tiny", store: Store | str | os.PathLike[str] = "runs/sweep") -> SweepBuilder:
    """Put a sweep together, see what it will take, make it in the background, and hear it while it grows.

    Fields take several values each, which become the axes of the sweep: count, time and disk follow as you write. Clips
    are drawn in a scatter plot as soon as they are made and measured in a few quick metrics; a click plays one. The run
    can be paused, stopped and resumed, and goes on where it was after the kernel has gone.

    Parameters
    ----------
    model : Model or str
        A loaded model, or the name of one for `mgeval.load_model`, which is loaded when a run starts.
    store : Store or path-like
        Where the clips go; what is there is not made again.

    Returns
    -------
    SweepBuilder
        A widget; ``.value`` are the clips so far, ``.handle`` is the run, ``.sweep`` what stands in the fields.

    Raises
    ------
    ModelError
        There is no such model.
    StoreError
        The folder holds something that is not a store.

    Examples
    --------
    >>> import tempfile, mgeval as mg
    >>> builder = mg.panels.sweep_builder("synth", tempfile.mkdtemp())
    >>> builder.form = {"prompts": "wide piano", "duration": "0.5, 1"}
    >>> builder.start()
    >>> builder.wait()["duration"].tolist()
    [0.5, 1.0]
    """
    if isinstance(model, str):
        model_revision(model)
    elif not isinstance(model, Model):
        raise ModelError(f"a model is {model!r}: its name or a loaded model is needed")
    return SweepBuilder(model, store if isinstance(store, Store) else Store(store))


def axes_of(sweep: Sweep) -> dict[str, list[str]]:
    """Return what to draw of a sweep, by role: columns of which the first one that there is is taken."""
    varied = [name for name, values in sweep.grid.items() if len(values) > 1]
    few = ["prompt"] if 1 < len(sweep.prompts) <= 7 else []
    return {"x": [*varied[:1], "loudness", "centroid"], "y": ["width", "loudness"], "colour": [*varied[1:2], *few]}
