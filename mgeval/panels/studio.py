"""A prompt box, sliders, and what comes of them: to hear, to see and in numbers."""

from __future__ import annotations

import html
import io
import math
from typing import Any

import ipywidgets as widgets
import numpy as np
import traitlets

from mgeval.audio import Audio, encode_audio
from mgeval.errors import MgevalError
from mgeval.metrics import METRICS, chosen, evaluate
from mgeval.models import LIMITS, Generated, Model, Sampling, load_model, valid_range

PROMPT = "a slow piano ballad with soft strings, very wide stereo"


class Studio(widgets.VBox):
    """The widget that `studio` returns.

    Attributes
    ----------
    value : Generated or None
        The last clip; observe it like any trait.
    """

    value = traitlets.Any(None, allow_none=True, help="the last clip")

    def __init__(self, model: Model) -> None:
        self.model = model
        self.prompt = widgets.Textarea(PROMPT, layout={"width": "100%", "height": "4em"})
        self.settings = {name: _slider(name) for name in LIMITS}
        rows = [widgets.HBox([self.settings[name], _hint(name)]) for name in LIMITS]
        self.button = widgets.Button(description="Generate", button_style="primary", icon="music")
        self.status = widgets.HTML(f"<small>Model: {html.escape(model.name)}</small>")
        self.player = widgets.Audio(autoplay=False, loop=False, layout={"width": "100%"})
        self.scope = widgets.Image(format="png", layout={"width": "300px"})
        self.table = widgets.HTML()
        self.button.on_click(lambda _: self.generate())
        # Empty until there is a clip: a browser complains of a player with nothing to play.
        self.result = widgets.HBox()
        super().__init__([self.prompt, *rows, self.button, self.status, self.result])

    @property
    def sampling(self) -> Sampling:
        """The settings as the sliders stand."""
        return Sampling(**{name: slider.value for name, slider in self.settings.items()})

    def generate(self) -> None:
        """Do what the button does: make a clip, play it out, show it, measure it."""
        self.button.disabled = True
        self.status.value = "<small>Generating ...</small>"
        try:
            clip = self.model.generate(self.prompt.value, self.sampling, progress=False)[0]
            self._show(clip)
        except MgevalError as error:
            self._fail(str(error))
        except Exception as error:
            # A callback's traceback goes where nobody looks.
            self._fail(f"{type(error).__name__}: {error}")
        finally:
            self.button.disabled = False

    def _fail(self, reason: str) -> None:
        self.status.value = f"<b>{html.escape(reason)}</b>"
        self.result.children = ()

    def _show(self, clip: Generated) -> None:
        audio = clip.audio
        # Float samples: a FLAC of what passes full scale holds it divided, and browsers know no gain.
        self.player.set_trait("format", "wav")
        self.player.value = encode_audio(audio, ".wav")
        self.scope.value = _scope(audio)
        self.table.value = _numbers(audio)
        self.result.children = [widgets.VBox([self.player, self.scope]), self.table]
        self.status.value = f"<small>{audio.duration:.1f} s of audio in {clip.seconds:.1f} s</small>"
        self.value = clip


def studio(model: Model | str = "synth") -> Studio:
    """Try prompts and settings by hand.

    Parameters
    ----------
    model : Model or str
        A loaded model, or the name of one for `mgeval.load_model`.

    Returns
    -------
    Studio
        A widget; ``.value`` is the last clip, ``.sampling`` the settings as they stand.

    Raises
    ------
    ModelError
        The model cannot be loaded.
    """
    return Studio(load_model(model) if isinstance(model, str) else model)


def _slider(name: str) -> widgets.Widget:
    limit = LIMITS[name]
    shared: dict[str, Any] = {
        "value": getattr(Sampling(), name),
        # The lowest valid place on the slider's own grid: steps from 0.02 would never meet 10.
        "min": math.ceil(limit.low / limit.step) * limit.step,
        "description": name,
        "style": {"description_width": "8em"},
        "layout": {"width": "30em"},
    }
    if name == "seed":
        # No slider reaches over 63 bits, and no browser counts beyond 53.
        return widgets.BoundedIntText(**shared, max=2**53 - 1)
    kind = widgets.IntSlider if limit.integer else widgets.FloatSlider
    control = kind(**shared, max=limit.slider_high, step=limit.step)
    if not limit.integer:
        control.readout_format = ".2f"
    return control


def _hint(name: str) -> widgets.HTML:
    # A slider covers the usual part of the range; the whole of it is open from code.
    return widgets.HTML(f"<small>{html.escape(LIMITS[name].meaning)} ({html.escape(valid_range(name))})</small>")


def _scope(audio: Audio) -> bytes:
    from matplotlib.figure import Figure

    from mgeval import plots

    buffer = io.BytesIO()
    # Not through pyplot: its state belongs to the notebook's cells.
    figure = Figure(figsize=(3, 3.1), dpi=150, layout="constrained")
    plots.vectorscope(audio, figure.add_subplot())
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _numbers(audio: Audio) -> str:
    rows = "".join(_row(name, value) for name, value in evaluate(audio.samples, audio.rate, chosen()).items())
    return f"<table style='font-variant-numeric: tabular-nums; line-height: 1.5'>{rows}</table>"


def _row(name: str, value: float) -> str:
    row = METRICS[name]
    if np.isnan(value):
        shown = f"<i>{html.escape(value.reason)}</i>"
    elif row.unit == "flag":
        shown = "yes" if value else "no"
    else:
        shown = f"{value:.2f} {html.escape(row.unit)}"
    meaning = html.escape(row.meaning, quote=True)
    return f"<tr><td title='{meaning}' style='padding-right: 1.5em'>{html.escape(row.label)}</td><td>{shown}</td></tr>"
