"""A player that shows the stereo image of a clip while it plays, and compares two clips at matched levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import traitlets

from mgeval.audio import Audio
from mgeval.metrics import Undefined
from mgeval.panels.bundle import bundle
from mgeval.panels.clip_source import Clips
from mgeval.panels.panel import Answer, Panel
from mgeval.runs import Store


class ClipPlayer(Panel):
    """Hear a clip, see its channels, its stereo image and their correlation; compare it with another.

    The notebook stores only keys: the file of a clip is loaded on demand and plays at its own rate and level. If
    two clips are compared with matching on, the louder one (ITU-R BS.1770-4) is turned down, and the player shows
    by how many dB.

    Keys: space plays, the arrows seek, L loops, A and B switch, P sets the clip as B, V matches levels, 1 to 5
    choose stereo, mono, side, left and right.

    Parameters
    ----------
    clips : Store or mapping of str to Audio
        The source of the clips.
    value : str, optional
        The key of the first clip.
    other : str, optional
        The key of the clip to compare it with.
    autoplay : bool
        Play a clip as soon as code sets ``value``.

    Attributes
    ----------
    value : str or None
        The key of the clip; set it, or observe it.
    other : str or None
        The key of the clip it is compared with.

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
    """Return the answers of a panel that has a player, and the kinds that are slow."""

    def clip(message: dict, buffers: Sequence) -> Answer:
        file = clips.clip(message["key"])
        return {"rate": file.rate, "gain": file.gain, "title": file.title}, [file.data]

    def loudness(message: dict, buffers: Sequence) -> Answer:
        value = clips.loudness(message["key"])
        return ({"reason": value.reason} if isinstance(value, Undefined) else {"lufs": float(value)}), []

    def choose(message: dict, buffers: Sequence) -> Answer:
        panel._set_quietly("other" if message.get("other") else "value", message["key"])
        return {}, []

    return {"clip": clip, "loudness": loudness, "choose": choose}, ("loudness", "choose")
