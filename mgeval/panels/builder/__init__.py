"""Build a sweep in a form, start it in the background, and watch its clips arrive."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import traitlets

from mgeval.errors import ModelError, SweepError, first_line
from mgeval.models import Model, model_revision
from mgeval.panels.builder.background import BackgroundRun
from mgeval.panels.builder.form import BLANK, axes_of, check_form, estimate_of, sweep_of, yaml_of
from mgeval.panels.bundle import bundle, style
from mgeval.panels.clip_source import Clips
from mgeval.panels.panel import Answer
from mgeval.panels.player import player_answers
from mgeval.panels.scatter import Plot
from mgeval.panels.settings import setting_fields
from mgeval.runs import Store, Sweep

if TYPE_CHECKING:
    import pandas as pd

    from mgeval.runs import Handle

READY_STATUS = {
    "state": "ready",
    "made": 0,
    "failed": 0,
    "total": 0,
    "measured": 0,
    "eta": None,
    "note": "",
    "wrong": False,
}


class SweepBuilder(Plot):
    """The widget that `sweep_builder` returns.

    Attributes
    ----------
    form : dict of str to str
        The texts of the fields: ``prompts``, one on each line, the settings, ``seeds``. Set it to fill them:
        ``builder.form = {"prompts": "piano", "guidance": "1, 3", "duration": "2"}``.
    value : DataFrame
        The clips made and measured so far; observe it.
    chosen : str or None
        The key of the clip in the player; set it, or observe it.
    selection : DataFrame
        The rows inside the lasso; set it, or observe it.
    status : dict
        ``state`` ('ready', 'running', 'paused', 'stopping', 'measuring', 'cancelled', 'done', 'stopped'), ``made``,
        ``failed``, ``total`` and ``measured`` clips, ``eta`` in seconds, ``note``, and ``wrong``: whether the note is
        an error.
    handle : mgeval.runs.runner.Handle or None
        The handle of the last run.
    """

    _esm = bundle("sweepbuilder")
    _css = style("studio", "sweep")
    _chosen = "chosen"

    value = traitlets.Any(help="the clips measured so far")
    chosen = traitlets.Unicode(None, allow_none=True, help="the key of the clip in the player").tag(sync=True)
    other = traitlets.Unicode(None, allow_none=True, help="the key of the clip it is compared with").tag(sync=True)
    form = traitlets.Dict(BLANK, help="the texts of the fields").tag(sync=True)
    status = traitlets.Dict(READY_STATUS, help="the progress of the run").tag(sync=True)
    about = traitlets.Dict(help="model, store and controls").tag(sync=True)

    def __init__(self, model: Model | str, store: Store) -> None:
        import pandas as pd

        self.store = store
        self._name = model if isinstance(model, str) else model.name
        self._model = None if isinstance(model, str) else model
        self._measured: dict[str, dict[str, Any]] = {}
        self._run: BackgroundRun | None = None
        self._started_form: dict[str, str] | None = None
        self._lock = threading.RLock()
        playing, slow = player_answers(self, Clips(store))
        answers = {
            **playing, "form": self._preview, "start": self._start, "pause": self._pause, "resume": self._resume,
            "stop": self._stop, "choose": self._choose_clip,
        }  # fmt: skip
        fields = dict.fromkeys(("x", "y", "colour", "shape"))
        about = {"model": self._name, "store": str(store.path), "controls": setting_fields()}
        super().__init__(pd.DataFrame({"key": []}), fields, answers=answers, slow=(*slow, "form", "start"), about=about)
        self.value = self.table

    @property
    def sweep(self) -> Sweep:
        """The sweep of the form.

        Raises
        ------
        SweepError
            A field is not valid.
        """
        sweep, errors = sweep_of(self._name, self.form)
        if sweep is None:
            raise SweepError(next(iter(errors.values())))
        return sweep

    @property
    def yaml(self) -> str:
        """The sweep as a file for ``mgeval run``."""
        return yaml_of(self.sweep)

    @property
    def handle(self) -> Handle | None:
        """The handle of the last run."""
        return None if self._run is None else self._run.handle

    @property
    def running(self) -> bool:
        """Whether clips are being made or measured."""
        return self._run is not None and self._run.running

    def start(self) -> None:
        """Start making the clips that the store lacks, in the background; existing clips are shown too.

        Raises
        ------
        SweepError
            A field is not valid, or a run is in progress.
        """
        sweep = self.sweep
        plan = sweep.plan()
        with self._lock:
            if self.running:
                raise SweepError("a sweep is in progress: stop() it, or wait() for it")
            if self._started_form != self.form:
                self._started_form, self._axes = self.form, plot_columns(sweep)
            self._run = BackgroundRun(plan, self.store, self._model, self._measured, self._show_clips, self._set_status)

    def pause(self) -> None:
        """Pause after the current decoding step until `resume`."""
        if self.handle is not None:
            self.handle.pause()

    def resume(self) -> None:
        """Continue after a pause, or make the missing clips after `stop`."""
        if self.handle is not None and self.running:
            self.handle.resume()
        else:
            self.start()

    def stop(self) -> None:
        """Stop after the current decoding step; finished clips are saved, and `resume` makes the rest."""
        if self.handle is not None:
            self.handle.cancel()

    def wait(self, timeout: float | None = None) -> pd.DataFrame:
        """Wait until all clips are made and measured, and return them.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Raises
        ------
        TimeoutError
            The run is not done by then; it continues.
        MgevalError, OSError
            The error that ended the run early.
        """
        if self._run is not None:
            self._run.join(timeout)
            if self.running:
                raise TimeoutError(f"{self.handle!r}, after {timeout:g} s of waiting")
            self._run.handle.result()
        return self.value

    @traitlets.validate("form")
    def _complete_form(self, proposal: Any) -> dict[str, str]:
        return check_form(proposal["value"])

    def _show_clips(self, table: pd.DataFrame) -> None:
        self.update(table)
        for role, names in self._axes.items():
            if name := next((name for name in names if name in self._plotted.columns), None):
                setattr(self, role, name)
                # Set once; later changes of the user stay.
                self._axes = {other: names for other, names in self._axes.items() if other != role}
        self.value = self.table

    def _set_status(self, status: dict[str, Any]) -> None:
        try:
            self.status = status
        except Exception as error:
            # An error in an observer of the user must not stop the run.
            self.status = {**status, "note": f"an observer of status failed: {first_line(error)}", "wrong": True}

    def _preview(self, message: dict, buffers: Sequence) -> Answer:
        self._fill(message["form"])
        sweep, errors = sweep_of(self._name, self.form)
        if sweep is None:
            return {"wrong": errors}, []
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
        if self.handle is not None:
            self.handle.resume()
        return {}, []

    def _stop(self, message: dict, buffers: Sequence) -> Answer:
        self.stop()
        return {}, []

    def _choose_clip(self, message: dict, buffers: Sequence) -> Answer:
        self._set_quietly("other" if message.get("other") else "chosen", message["key"])
        return {}, []


def sweep_builder(model: Model | str = "tiny", store: Store | str | os.PathLike[str] = "runs/sweep") -> SweepBuilder:
    """Build a sweep, see an estimate of its cost, make it in the background, and hear its clips as they arrive.

    Each field takes several values, which become the axes of the sweep; the number of clips, the time and the disk
    space are updated as you type. Clips appear in a scatter plot as soon as they are made and measured in a few quick
    metrics; a click plays one. The run can be paused, stopped and resumed, also after a restart of the kernel.

    Parameters
    ----------
    model : Model or str
        A loaded model, or the name of one for `mgeval.load_model`; it is loaded when a run starts.
    store : Store or path-like
        The store for the clips; existing clips are not made again.

    Returns
    -------
    SweepBuilder
        A widget; ``.value`` has the clips so far, ``.handle`` controls the run, ``.sweep`` is the sweep of the form.

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
        raise ModelError(f"model must be a name or a loaded model, got {model!r}")
    return SweepBuilder(model, store if isinstance(store, Store) else Store(store))


def plot_columns(sweep: Sweep) -> dict[str, list[str]]:
    """Return the columns to plot for a sweep by role; the first one that exists is used."""
    varied = [name for name, values in axes_of(sweep).items() if len(values) > 1]
    few = ["prompt"] if 1 < len(sweep.prompts) <= 7 else []
    return {"x": [*varied[:1], "loudness", "centroid"], "y": ["width", "loudness"], "colour": [*varied[1:2], *few]}
