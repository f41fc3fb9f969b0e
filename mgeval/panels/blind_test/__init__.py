"""Blind listening in a notebook: one trial at a time, every answer kept at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import traitlets

from mgeval import stats
from mgeval.audio import Audio
from mgeval.errors import MetricError
from mgeval.models import LIMITS
from mgeval.panels.blind_test.levels import TrialAudio, sounds
from mgeval.panels.blind_test.results import preferred, rated
from mgeval.panels.blind_test.trials import add_answer, anchor, pair_trials, rating_trials, read_answers
from mgeval.panels.bundle import bundle, style
from mgeval.panels.choices import varied
from mgeval.panels.clip_source import Clips
from mgeval.panels.panel import Answer, Panel
from mgeval.runs import Store
from mgeval.tables import ANSWERS

if TYPE_CHECKING:
    import pandas as pd

KINDS = {"pairs": pair_trials, "ratings": rating_trials}
MOST = 12
"""Clips that a page of ratings may hold: more than these nobody can rate against each other."""

READY = 3
"""Trials whose clips are kept ready: the one before, the one that is heard, and the next."""


class Trial(NamedTuple):
    """What is heard in one trial: ``(key, whether as an anchor)`` of each letter, and the prompt of all."""

    clips: list[tuple[str, bool]]
    prompt: str


class Blind(Panel):
    """The widget that `blind` returns.

    Attributes
    ----------
    value : int
        How many trials this listener has answered; observe it.
    trials : DataFrame
        The plan, from `pair_trials` or `rating_trials`.
    path : pathlib.Path
        The table of answers.
    """

    _esm = bundle("blind")
    _css = style("blind")

    value = traitlets.Int(0, read_only=True, help="how many trials are answered").tag(sync=True)

    def __init__(self, trials: pd.DataFrame, clips: Clips, kind: str, path: Path, listener: str, matched: bool) -> None:
        self.trials, self.path = trials, path
        self._clips, self._kind, self._listener, self._matched = clips, kind, listener, matched
        self._plan = _plan(trials, kind)
        self._given, self._skipped = self._resumed(), set()
        self._ready: dict[int, TrialAudio] = {}
        answers = {"trial": self._trial, "clip": self._clip, "answer": self._take, "skip": self._skip}
        super().__init__({**answers, "results": self._results}, ("clip", "answer", "skip", "results"))
        self.set_trait("value", len(self._given))

    @property
    def answers(self) -> pd.DataFrame:
        """The table of answers as it stands on the disk, those of other listeners among them."""
        return read_answers(self.path)

    def preferences(self) -> pd.DataFrame:
        """Return how strongly each level is preferred: `mgeval.stats.listening.preferences` of all answers."""
        return stats.preferences(self.answers)

    def reliability(self) -> pd.DataFrame:
        """Return how far each listener can be trusted: `mgeval.stats.listening.reliability` of all answers."""
        return stats.reliability(self.answers)

    def ratings(self) -> pd.DataFrame:
        """Return the mean rating of each level: `mgeval.stats.listening.ratings` of all answers."""
        return stats.ratings(self.answers)

    def _resumed(self) -> set[int]:
        """Return the trials that this listener answered before; raise where they were trials of another plan."""
        answers = self.answers
        own = answers[answers["listener"] == self._listener].to_dict("records")
        names = ("a", "b") if self._kind == "pairs" else ("place", "key")
        there = {tuple(map(str, row)) for row in self.trials[["trial", *names]].itertuples(index=False)}
        for row in own:
            found = (str(row["trial"]), *(str(row.get(name)) for name in names), bool(row.get("matched")))
            if found[:-1] not in there or found[-1] != self._matched:
                raise MetricError(
                    f"{self.path}: trial {row['trial']} of {self._listener!r} was another one. To go on, use the "
                    "scores, kind, seed and matched of before; to begin anew, another path or listener"
                )
        return {int(row["trial"]) for row in own}

    def _next(self, after: int = -1) -> int | None:
        waiting = (n for n in range(after + 1, len(self._plan)) if n not in self._given | self._skipped)
        return next(waiting, None)

    def _trial(self, message: dict, buffers: Sequence) -> Answer:
        number = self._next()
        shown = {
            "trial": number, "of": len(self._plan), "kind": self._kind, "matched": self._matched,
            "answered": len(self._given), "skipped": len(self._skipped),
        }  # fmt: skip
        if number is not None:
            shown |= {"letters": self._letters(number), "prompt": self._plan[number].prompt, "next": self._next(number)}
            shown["ahead"] = [] if shown["next"] is None else self._letters(shown["next"])
        return shown, []

    def _letters(self, number: int) -> list[str]:
        return [chr(ord("A") + place) for place in range(len(self._plan[number].clips))]

    def _clip(self, message: dict, buffers: Sequence) -> Answer:
        number = message["trial"]
        try:
            if number not in self._ready:
                heard = [anchor(found) if low else found for found, low in map(self._audio, self._plan[number].clips)]
                self._ready[number] = sounds(heard, self._matched)
                while len(self._ready) > READY:
                    self._ready.pop(next(iter(self._ready)))
        except Exception:
            # The reason would name the clip.
            raise MetricError("a clip of this trial cannot be read; store.verify() finds it. Skip goes on") from None
        made = self._ready[number]
        place = self._letters(number).index(message["letter"])
        return {"rate": made.rate, "gain": made.gain}, [made.files[place]]

    def _audio(self, clip: tuple[str, bool]) -> tuple[Audio, bool]:
        return self._clips.audio(clip[0]), clip[1]

    def _take(self, message: dict, buffers: Sequence) -> Answer:
        number = message["trial"]
        # Another view of this widget may have been quicker: then there is a new trial to show.
        if number == self._next():
            if set(message["heard"]) != set(self._letters(number)):
                raise MetricError("listen to every clip first")
            add_answer(self.path, *self._rows(number, message))
            self._given.add(number)
            self.set_trait("value", len(self._given))
        return self._trial(message, buffers)

    def _rows(self, number: int, message: dict) -> list[dict[str, Any]]:
        planned = self.trials[self.trials["trial"] == number].drop(columns="prompt").to_dict("records")
        told = {"listener": self._listener, "matched": self._matched, "seconds": round(float(message["seconds"]), 1)}
        if self._kind == "pairs":
            if message["answer"] not in ANSWERS:
                raise MetricError(f"an answer is {message['answer']!r}: 'a', 'b' or 'same' is needed")
            return [{**planned[0], "answer": message["answer"], **told}]
        given = [float(rating) for rating in message["answer"]]
        if len(given) != len(planned) or not all(0 <= rating <= 100 for rating in given):
            raise MetricError("rate every clip from 0 to 100")
        return [{**row, "rating": rating, **told} for row, rating in zip(planned, given, strict=True)]

    def _skip(self, message: dict, buffers: Sequence) -> Answer:
        if message["trial"] == self._next():
            self._skipped.add(message["trial"])
        return self._trial(message, buffers)

    def _results(self, message: dict, buffers: Sequence) -> Answer:
        answers = self.answers
        return (preferred if self._kind == "pairs" else rated)(answers, self._listener), []


def blind(
    scores: pd.DataFrame,
    store: Store | Mapping[str, Audio],
    by: str | None = None,
    kind: str = "pairs",
    path: str | Path | None = None,
    listener: str = "listener",
    seed: int = 0,
    matched: bool = False,
) -> Blind:
    """Listen without knowing to what: pairs of clips to choose from, or pages of clips to rate.

    The page is told a prompt and clips under letters: no key, setting or level, and files of one form. Each answer is
    appended to a table at once; the same call goes on where it was, also after the kernel was restarted. An answer is
    final: who could go back would answer the repeated trials from memory.

    Keys: space plays, letters switch; 1, 0 and 2 say that A is better, neither, B is better; Enter goes on; L loops.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.run` or `mgeval.measure`; clips that differ in ``by`` alone are heard against each other.
    store : Store or mapping of str to Audio
        Where the clips are.
    by : str, optional
        'model', or a setting that was swept; by default the only one that varies.
    kind : {'pairs', 'ratings'}
        A against B, with hidden repetitions and clips against themselves; or every level at once, from 0 to 100, with
        a hidden low anchor, after ITU-R BS.1534-3 but without its reference.
    path : path-like, optional
        The table of answers, a CSV file; by default ``listening/BY-KIND.csv`` in the store's folder.
    listener : str
        Who listens: several may share a table.
    seed : int
        Start of the draw of order and sides. To each listener another one.
    matched : bool
        Turn the clips of a trial down to the loudness of the quietest (ITU-R BS.1770-4). By default each plays at its
        own level, and a louder one is often preferred for that alone; the widget says which it is.

    Returns
    -------
    Blind
        A widget; ``.value`` is how many trials are answered, ``.answers`` the table, ``.preferences()``,
        ``.ratings()`` and ``.reliability()`` what it says.

    Raises
    ------
    MetricError
        There is nothing to compare, a clip is not there, or the table of answers is of another plan.

    Examples
    --------
    >>> import tempfile, mgeval as mg
    >>> store = mg.Store(tempfile.mkdtemp())
    >>> plan = mg.Sweep("synth", ["calm piano"], {"duration": 1, "guidance": [1, 3]}).plan()
    >>> session = blind(mg.run(plan, store, progress=False), store)
    >>> session.value, len(session.trials), session.path.name
    (0, 3, 'guidance-pairs.csv')
    """
    if kind not in KINDS:
        raise MetricError(f"there is no kind {kind!r} of blind listening, valid: {', '.join(KINDS)}")
    by = varied(scores, by, ("model", *LIMITS))
    if path is None and not isinstance(store, Store):
        raise MetricError("clips in memory have no folder for the answers: say where to keep them with path=")
    path = Path(store.path / "listening" / f"{by}-{kind}.csv" if path is None else path)
    trials = KINDS[kind](scores, by, seed)
    _check(trials, store)
    return Blind(trials, Clips(store), kind, path, listener, matched)


def _plan(trials: pd.DataFrame, kind: str) -> list[Trial]:
    if kind == "pairs":
        return [Trial([(row["a"], False), (row["b"], False)], row["prompt"]) for row in trials.to_dict("records")]
    return [
        Trial([(row["key"], row["control"] == "anchor") for row in page.to_dict("records")], page["prompt"].iloc[0])
        for _, page in trials.groupby("trial")
    ]


def _check(trials: pd.DataFrame, store: Store | Mapping[str, Audio]) -> None:
    if "place" in trials.columns and (clips := trials["place"].max() + 1) > MOST:
        raise MetricError(f"a page would hold {clips} clips, more than {MOST} are too many to rate: leave levels out")
    keys = np.unique(trials[["a", "b"]] if "a" in trials.columns else trials["key"])
    there = store.keys()
    if missing := [key for key in keys if key not in there]:
        raise MetricError(f"{len(missing)} of {len(keys)} clips are not in this store: is it that of the scores?")
