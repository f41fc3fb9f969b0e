"""Blind listening in a notebook: one trial at a time, and every answer is stored at once."""

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
from mgeval.panels.blind_test.levels import TrialAudio, prepare_trial
from mgeval.panels.blind_test.results import preference_results, rating_results
from mgeval.panels.blind_test.trials import add_answer, anchor, pair_trials, rating_trials, read_answers
from mgeval.panels.bundle import bundle, style
from mgeval.panels.choices import compared_setting
from mgeval.panels.clip_source import Clips
from mgeval.panels.panel import Answer, Panel
from mgeval.runs import Store
from mgeval.tables import ANSWERS

if TYPE_CHECKING:
    import pandas as pd

KINDS = {"pairs": pair_trials, "ratings": rating_trials}
MOST_RATED = 12
"""Clips on a page of ratings at most: nobody can rate more of them against each other."""

TRIALS_IN_MEMORY = 3
"""Trials whose clips stay in memory: the previous, the current and the next one."""


class Trial(NamedTuple):
    """One trial: ``(key, whether it is played as an anchor)`` of each letter, and the common prompt."""

    clips: list[tuple[str, bool]]
    prompt: str


class Blind(Panel):
    """The widget that `blind` returns.

    Attributes
    ----------
    value : int
        The number of trials that this listener has answered; observe it.
    trials : DataFrame
        The plan, from `pair_trials` or `rating_trials`.
    path : pathlib.Path
        The table of answers.
    """

    _esm = bundle("blind")
    _css = style("blind")

    value = traitlets.Int(0, read_only=True, help="the number of answered trials").tag(sync=True)

    def __init__(self, trials: pd.DataFrame, clips: Clips, kind: str, path: Path, listener: str, matched: bool) -> None:
        self.trials, self.path = trials, path
        self._clips, self._kind, self._listener, self._matched = clips, kind, listener, matched
        self._plan = _list_trials(trials, kind)
        self._answered = self._answered_before()
        self._skipped: set[int] = set()
        self._prepared: dict[int, TrialAudio] = {}
        answers = {
            "trial": self._trial, "clip": self._clip, "answer": self._answer_trial, "skip": self._skip,
            "results": self._results,
        }  # fmt: skip
        super().__init__(answers, ("clip", "answer", "skip", "results"))
        self.set_trait("value", len(self._answered))

    @property
    def answers(self) -> pd.DataFrame:
        """The table of answers on disk, with those of other listeners."""
        return read_answers(self.path)

    def preferences(self) -> pd.DataFrame:
        """Return how strongly each level is preferred: `mgeval.preferences` of all answers."""
        return stats.preferences(self.answers)

    def reliability(self) -> pd.DataFrame:
        """Return how reliable each listener is: `mgeval.reliability` of all answers."""
        return stats.reliability(self.answers)

    def ratings(self) -> pd.DataFrame:
        """Return the mean rating of each level: `mgeval.ratings` of all answers."""
        return stats.ratings(self.answers)

    def _answered_before(self) -> set[int]:
        """Return the trials that this listener has answered; raise if they belong to another plan."""
        answers = self.answers
        rows = answers[answers["listener"] == self._listener].to_dict("records")
        names = ("a", "b") if self._kind == "pairs" else ("place", "key")
        planned = {tuple(map(str, row)) for row in self.trials[["trial", *names]].itertuples(index=False)}
        for row in rows:
            trial = (str(row["trial"]), *(str(row.get(name)) for name in names))
            if trial not in planned or bool(row.get("matched")) != self._matched:
                raise MetricError(
                    f"{self.path}: trial {row['trial']} of {self._listener!r} belongs to another plan: use the same "
                    "scores, kind, seed and matched to continue, or another path or listener to start anew"
                )
        return {int(row["trial"]) for row in rows}

    def _next(self, after: int = -1) -> int | None:
        open_trials = (n for n in range(after + 1, len(self._plan)) if n not in self._answered | self._skipped)
        return next(open_trials, None)

    def _trial(self, message: dict, buffers: Sequence) -> Answer:
        number = self._next()
        state: dict[str, Any] = {
            "trial": number, "of": len(self._plan), "kind": self._kind, "matched": self._matched,
            "answered": len(self._answered), "skipped": len(self._skipped),
        }  # fmt: skip
        if number is not None:
            following = self._next(number)
            state |= {"letters": self._letters(number), "prompt": self._plan[number].prompt, "next": following}
            state["ahead"] = [] if following is None else self._letters(following)
        return state, []

    def _letters(self, number: int) -> list[str]:
        return [chr(ord("A") + index) for index in range(len(self._plan[number].clips))]

    def _clip(self, message: dict, buffers: Sequence) -> Answer:
        number = message["trial"]
        try:
            if number not in self._prepared:
                self._prepared[number] = prepare_trial(list(map(self._audio, self._plan[number].clips)), self._matched)
                while len(self._prepared) > TRIALS_IN_MEMORY:
                    self._prepared.pop(next(iter(self._prepared)))
        except Exception:
            # Without the original reason, which would name the clip.
            raise MetricError(
                "a clip of this trial cannot be read; store.verify() lists it. Skip continues with the next trial"
            ) from None
        trial = self._prepared[number]
        position = self._letters(number).index(message["letter"])
        return {"rate": trial.rate, "gain": trial.gain}, [trial.files[position]]

    def _audio(self, clip: tuple[str, bool]) -> Audio:
        key, is_anchor = clip
        audio = self._clips.audio(key)
        return anchor(audio) if is_anchor else audio

    def _answer_trial(self, message: dict, buffers: Sequence) -> Answer:
        number = message["trial"]
        # Another view of this widget may have answered it first: then show the next trial.
        if number == self._next():
            if set(message["heard"]) != set(self._letters(number)):
                raise MetricError("listen to every clip first")
            add_answer(self.path, *self._rows(number, message))
            self._answered.add(number)
            self.set_trait("value", len(self._answered))
        return self._trial(message, buffers)

    def _rows(self, number: int, message: dict) -> list[dict[str, Any]]:
        trials: list[dict[Any, Any]] = (
            self.trials[self.trials["trial"] == number].drop(columns="prompt").to_dict("records")
        )
        common = {"listener": self._listener, "matched": self._matched, "seconds": round(float(message["seconds"]), 1)}
        if self._kind == "pairs":
            if message["answer"] not in ANSWERS:
                raise MetricError(f"an answer must be 'a', 'b' or 'same', got {message['answer']!r}")
            return [{**trials[0], "answer": message["answer"], **common}]
        ratings = [float(rating) for rating in message["answer"]]
        if len(ratings) != len(trials) or not all(0 <= rating <= 100 for rating in ratings):
            raise MetricError("rate every clip from 0 to 100")
        return [{**row, "rating": rating, **common} for row, rating in zip(trials, ratings, strict=True)]

    def _skip(self, message: dict, buffers: Sequence) -> Answer:
        if message["trial"] == self._next():
            self._skipped.add(message["trial"])
        return self._trial(message, buffers)

    def _results(self, message: dict, buffers: Sequence) -> Answer:
        answers = self.answers
        return (preference_results if self._kind == "pairs" else rating_results)(answers, self._listener), []


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
    """Listen blind: pairs of clips to choose from, or pages of clips to rate.

    The page gets only the prompt and the clips under letters, as files of one format: no key, setting or level. Each
    answer is appended to a table at once; the same call continues the session, also after a restart of the kernel. An
    answer is final: otherwise a listener could answer the repeated trials from memory.

    Keys: space plays, letters switch; 1 and 2 answer that A or B is better, 0 that
    neither is; Enter continues; L loops.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.run` or `mgeval.measure`; clips that differ only in ``by`` are compared.
    store : Store or mapping of str to Audio
        The source of the clips.
    by : str, optional
        'model', or a setting that was swept; by default the only one that varies.
    kind : {'pairs', 'ratings'}
        A against B, with hidden repetitions and clips against themselves; or every level at once, rated from 0 to 100,
        with a hidden low anchor, after ITU-R BS.1534-3 but without its reference.
    path : path-like, optional
        The table of answers, a CSV file; by default ``listening/BY-KIND.csv`` in the folder of the store.
    listener : str
        The name of the listener: several can share a table.
    seed : int
        Seed of the order and the sides. Use another one for each listener.
    matched : bool
        Turn the clips of a trial down to the loudness of the quietest (ITU-R BS.1770-4). By default each plays at its
        own level, and a louder clip is often preferred for that alone; the widget shows which mode is on.

    Returns
    -------
    Blind
        A widget; ``.value`` is the number of answered trials, ``.answers`` the table; ``.preferences()``,
        ``.ratings()`` and ``.reliability()`` evaluate it.

    Raises
    ------
    MetricError
        There is nothing to compare, a clip is missing, or the table of answers belongs to another plan.

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
        raise MetricError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    by = compared_setting(scores, by, ("model", *LIMITS))
    if path is None:
        if not isinstance(store, Store):
            raise MetricError("clips in memory have no folder for the answers: give a file with path=")
        path = store.path / "listening" / f"{by}-{kind}.csv"
    trials = KINDS[kind](scores, by, seed)
    _check_trials(trials, store)
    return Blind(trials, Clips(store), kind, Path(path), listener, matched)


def _list_trials(trials: pd.DataFrame, kind: str) -> list[Trial]:
    if kind == "pairs":
        return [Trial([(row["a"], False), (row["b"], False)], row["prompt"]) for row in trials.to_dict("records")]
    return [
        Trial([(row["key"], row["control"] == "anchor") for row in page.to_dict("records")], page["prompt"].iloc[0])
        for _, page in trials.groupby("trial")
    ]


def _check_trials(trials: pd.DataFrame, store: Store | Mapping[str, Audio]) -> None:
    if "place" in trials.columns and (clips := trials["place"].max() + 1) > MOST_RATED:
        raise MetricError(f"a page can have at most {MOST_RATED} clips to rate, got {clips}: leave levels out")
    keys = np.unique(trials[["a", "b"]] if "a" in trials.columns else trials["key"])
    present = store.keys()
    if missing := [key for key in keys if key not in present]:
        raise MetricError(f"{len(missing)} of {len(keys)} clips are not in this store: use the store of the scores")
