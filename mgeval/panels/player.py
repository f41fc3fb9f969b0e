"""A player that shows a clip's stereo image while it plays, and compares two at matched levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import traitlets

from mgeval.audio import Audio
from mgeval.panels.bundle import bundle
from mgeval.panels.clip_source import Clips
from mgeval.panels.panel import Answer, Panel
from mgeval.runs import Store


class ClipPlayer(Panel):
    """Hear a clip, see its channels, its stereo image and their correlation; compare it with another.

    Only keys are kept in the notebook: a clip's file comes when it is asked for, and plays at its own rate and
    level. Where two clips are compared and matching is on, the louder one (ITU-R BS.1770-4) is turned down, and
    the player says by how many dB.

    Keys: space plays, the arrows seek, L loops, A and B switch, P keeps the clip as B, V matches levels, 1 to 5
    choose stereo, mono, side, left and right.

    Parameters
    ----------
    clips : Store or mapping of str to Audio
        Where the clips are.
    value : str, optional
        The clip to begin with.
    other : str, optional
        The clip to compare it with.
    autoplay : bool
        Play a clip as soon as ``value`` is set from code.

    Attributes
    ----------
    value : str or None
        The clip; set it, or observe it.
    other : str or None
        The clip it is compared with.

    Examples
    --------
    >>> import mgeval as mg
    >>> clip, _ = mg.synth.compose(mg.synth.Spec(duration=1), seed=0)
    >>> player = ClipPlayer({"mine": clip}, "mine")
    >>> player.value
    'mine'
    """

    _esm = bundle("clipplayer")

    value = traitlets.Unicode(None, allow_none=True, help="the clip's key").tag(sync=True)
    other = traitlets.Unicode(None, allow_none=True, help="the key of the clip it is compared with").tag(sync=True)
    autoplay = traitlets.Bool(False, help="whether a clip that code chooses plays at once").tag(sync=True)

    def __init__(
        self,
        clips: Store | Mapping[str, Audio],
        value: str | None = None,
        other: str | None = None,
        autoplay: bool = False,
    ) -> None:
        answers, slow = player_answers(self, Clips(clips))
        super().__init__(answers, slow, value=value, other=other, autoplay=autoplay)


def player_answers(panel: Panel, clips: Clips) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what a panel with a player in it answers its page, and which of it is slow."""

    def clip(message: dict, buffers: Sequence) -> Answer:
        found = clips.clip(message["key"])
        return {"rate": found.rate, "gain": found.gain, "title": found.title}, [found.data]

    def loudness(message: dict, buffers: Sequence) -> Answer:
        value = clips.loudness(message["key"])
        return ({"reason": value.reason} if np.isnan(value) else {"lufs": float(value)}), []

    def choose(message: dict, buffers: Sequence) -> Answer:
        panel._set_quietly("other" if message.get("other") else "value", message["key"])
        return {}, []

    return {"clip": clip, "loudness": loudness, "choose": choose}, ("loudness", "choose")
