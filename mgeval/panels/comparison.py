"""Two settings side by side, clip by clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from mgeval.audio import Audio
from mgeval.errors import MetricError, nearest
from mgeval.metrics import metric_of
from mgeval.panels.bundle import bundle, style
from mgeval.panels.choices import compared_setting
from mgeval.panels.clip_source import Clips
from mgeval.panels.panel import Answer, Panel
from mgeval.panels.player import player_answers
from mgeval.runs import Store
from mgeval.stats import check_metrics, match_pairs, split_by, wrap
from mgeval.stats import compare as compared
from mgeval.tables import CONTROL, SETTING_UNITS, prompt_texts
from mgeval.wording import interval, level_text

if TYPE_CHECKING:
    import pandas as pd


class Comparison(Panel):
    """The widget that `compare` returns.

    Attributes
    ----------
    value : list of str or None
        The keys of the chosen pair, A's and B's; set it, or observe it.
    metric : str
        The compared metric; set it, or observe it.
    pairs : DataFrame
        One row per pair: the shared columns, ``key_a``, ``key_b``, and each metric as ``METRIC_a`` and ``METRIC_b``.
    """

    _esm = bundle("compare")
    _css = style("compare")

    value = traitlets.List(
        traitlets.Unicode(), default_value=None, allow_none=True, help="the keys of the chosen pair"
    ).tag(sync=True)
    metric = traitlets.Unicode(help="the compared metric").tag(sync=True)

    def __init__(
        self,
        sides: tuple[pd.DataFrame, pd.DataFrame],
        names: tuple[str, str],
        by: str,
        metric: str | None,
        clips: Clips,
    ) -> None:
        self._sides, self._names = sides, names
        self.metrics = [name for name in check_metrics(sides[0].columns, None) if _is_measured(sides, name)]
        pairs, _ = match_pairs(*sides, *names, by, ["key", *self.metrics])
        if pairs.empty or not self.metrics:
            missing = "prompt and seed" if pairs.empty else "metric"
            raise MetricError(f"{names[0]} and {names[1]} have no {missing} in common")
        self._shared = [name for name in pairs.columns if name[-2:] not in (" a", " b")]
        self.pairs = _add_prompts(pairs, self._shared, sides[0])
        self._keys = list(zip(self.pairs["key_a"], self.pairs["key_b"], strict=True))
        playing, slow = player_answers(self, clips)
        answers = {
            **playing, "pairs": self._pairs, "summary": self._summary, "pair": self._choose_pair,
            "metric": self._choose_metric,
        }  # fmt: skip
        first = metric or ("width" if "width" in self.metrics else self.metrics[0])
        super().__init__(answers, (*slow, "summary", "pair", "metric"), metric=first)

    @traitlets.validate("metric")
    def _valid_metric(self, proposal: Any) -> str:
        return check_metrics(self.metrics, proposal["value"])[0]

    @traitlets.validate("value")
    def _valid_pair(self, proposal: Any) -> list[str] | None:
        pair = proposal["value"]
        if pair is not None and tuple(pair) not in self._keys:
            raise MetricError(f"value must be the keys of a pair, key_a and key_b of a row of .pairs, got {pair!r}")
        return pair

    def summary(self) -> pd.DataFrame:
        """Return the paired comparison in the chosen metric: one row of `mgeval.compare`."""
        return compared(*self._sides, metrics=self.metric).assign(a=self._names[0], b=self._names[1])

    def _pairs(self, message: dict, buffers: Sequence) -> Answer:
        prompts = {prompt: number for number, prompt in enumerate(dict.fromkeys(self.pairs["prompt"]))}
        shared = [name for name in self._shared if name != "prompt_id"]
        notes = [
            ", ".join(f"{name.replace('_', ' ')} {level_text(value)}" for name, value in zip(shared, row, strict=True))
            for row in self.pairs[shared].itertuples(index=False)
        ]
        values = []
        for name in self.metrics:
            a, b = (self.pairs[f"{name}_{side}"].to_numpy(float) for side in "ab")
            values += [side.astype(np.float32) for side in (a, b, wrap(b - a, metric_of(name).period))]
        return {
            "a": self._names[0], "b": self._names[1], "metrics": [_metric_header(name) for name in self.metrics],
            "keys": self._keys, "prompts": list(prompts), "notes": notes,
            "promptOf": [prompts[prompt] for prompt in self.pairs["prompt"]],
        }, values  # fmt: skip

    def _summary(self, message: dict, buffers: Sequence) -> Answer:
        metric = message["metric"]
        row: Any = next(compared(*self._sides, metrics=metric).itertuples())
        ends = [float(value) if np.isfinite(value) else None for value in (row.difference, row.lo, row.hi)]
        return {"metric": metric, "ends": ends, "text": _sentence(row), "reason": row.reason}, []

    def _choose_pair(self, message: dict, buffers: Sequence) -> Answer:
        self._set_quietly("value", message["keys"])
        return {}, []

    def _choose_metric(self, message: dict, buffers: Sequence) -> Answer:
        self._set_quietly("metric", message["metric"])
        return {}, []


def compare(
    scores: pd.DataFrame,
    store: Store | Mapping[str, Audio],
    by: str | None = None,
    a: Any = None,
    b: Any = None,
    metric: str | None = None,
) -> Comparison:
    """Compare two settings by eye and ear, with clips paired by prompt and seed.

    At the top is the difference between B and A in a metric, as in `mgeval.compare`; a dot for each pair shows the
    spread. Choose a pair by its dot, by its row or with the arrow keys: both clips are then in the player.

    Keys: up and down choose a pair, A and B switch, V matches levels, space plays.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.measure`.
    store : Store or mapping of str to Audio
        The source of the clips.
    by : str, optional
        The column of the compared values, such as 'guidance' or 'model'; by default the only one that varies.
    a, b : optional
        Two of its values; by default the first and the last.
    metric : str, optional
        The metric to start with; by default the width.

    Returns
    -------
    Comparison
        A widget; ``.value`` has the keys of the chosen pair, ``.pairs`` is the table, ``.metric`` the compared metric,
        and ``.summary()`` the comparison.

    Raises
    ------
    MetricError
        There is no such column, value or metric, or the two settings have no prompt and seed in common.

    Examples
    --------
    >>> import tempfile, mgeval as mg
    >>> store = mg.Store(tempfile.mkdtemp())
    >>> plan = mg.Sweep("synth", ["calm piano"], {"duration": 1, "guidance": [1, 3]}).plan()
    >>> scores = mg.measure(mg.run(plan, store, progress=False), store, ["width"], progress=False)
    >>> panel = compare(scores, store, a=1, b=3)
    >>> panel.metric, len(panel.pairs)
    ('width', 1)
    """
    by = compared_setting(scores, by)
    sides = split_by(scores, by)
    levels = list(sides)
    a, b = levels[0] if a is None else a, levels[-1] if b is None else b
    for level in (a, b):
        if level not in sides:
            raise MetricError(f"{by!r} has no value {level!r}: {nearest(str(level), map(level_text, levels))}")
    if a == b:
        raise MetricError(f"a and b must be two different values of {by!r}, got {a!r} twice")
    unit = SETTING_UNITS.get(by, "")
    name_a, name_b = (f"{by.replace('_', ' ')} {level_text(level)} {unit}".strip() for level in (a, b))
    # Without the column of controls, so that controls can be compared like other rows.
    side_a, side_b = (sides[level].drop(columns=CONTROL, errors="ignore") for level in (a, b))
    return Comparison((side_a, side_b), (name_a, name_b), by, metric, Clips(store))


def _is_measured(sides: Sequence[pd.DataFrame], name: str) -> bool:
    return all(name in side.columns and side[name].notna().any() for side in sides)


def _add_prompts(pairs: pd.DataFrame, shared: list[str], side: pd.DataFrame) -> pd.DataFrame:
    """Return pairs with their prompts: the shared columns, the keys, then the metrics."""
    prompts = dict(zip(side["prompt_id"], prompt_texts(side), strict=True))
    sided = pairs.drop(columns=shared).rename(columns=lambda name: f"{name[:-2]}_{name[-1]}")
    sided = sided[["key_a", "key_b", *sided.columns.drop(["key_a", "key_b"])]]
    return pairs[shared].assign(prompt=pairs["prompt_id"].map(prompts)).join(sided)


def _metric_header(name: str) -> dict[str, Any]:
    metric = metric_of(name)
    return {"name": name, "label": metric.label, "unit": metric.unit, "meaning": metric.meaning}


def _sentence(row: Any) -> str:
    """Return a row of `mgeval.compare` as a sentence that explains its numbers."""
    if np.isnan(row.difference):
        return f"{metric_of(row.metric).label} is not defined for these pairs."
    metric = metric_of(row.metric)
    unit = metric.unit
    digits = _digits(row.difference, row.mean_a, row.mean_b)
    sign = -1 if row.difference < 0 else 1
    ends = (sign * row.lo, sign * row.hi)
    difference = interval(sign * row.difference, min(ends), max(ends), unit, digits)
    if "no interval" not in difference:
        difference = difference.replace("(", "(95 % interval ")
    direction = "lower" if sign < 0 else "higher"
    result = f"B is {direction} by {difference}" if row.difference else "A and B are equal on average"
    means = [f"{round(mean, digits) + 0:.{digits}f} {unit}".strip() for mean in (row.mean_a, row.mean_b)]
    text = f"{result}; {means[0]} for A, {means[1]} for B".replace("-", "\N{MINUS SIGN}")
    counts = f"{row.n_pairs} pair{'s' * (row.n_pairs != 1)} of {row.n_prompts} prompt{'s' * (row.n_prompts != 1)}"
    test = "" if np.isnan(row.p) else f", p {row.p:.2g} for this metric alone"
    return f"{metric.label}: {text}. {counts}{test}."


def _digits(*values: float) -> int:
    """Return the number of decimals that shows two significant digits of the smallest nonzero value."""
    sizes = [abs(value) for value in values if value and np.isfinite(value)]
    return int(np.clip(1 - np.floor(np.log10(min(sizes))), 0, 4)) if sizes else 2
