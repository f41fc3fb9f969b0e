"""Two settings side by side, clip by clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from mgeval.audio import Audio
from mgeval.errors import MetricError, nearest
from mgeval.metrics import described
from mgeval.panels.bundle import bundle, style
from mgeval.panels.choices import varied
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
        What is compared; set it, or observe it.
    pairs : DataFrame
        One row per pair: what both share, ``key_a``, ``key_b``, and each metric as ``METRIC_a`` and ``METRIC_b``.
    """

    _esm = bundle("compare")
    _css = style("compare")

    value = traitlets.List(
        traitlets.Unicode(), default_value=None, allow_none=True, help="the keys of the chosen pair"
    ).tag(sync=True)
    metric = traitlets.Unicode(help="the metric that is compared").tag(sync=True)

    def __init__(
        self,
        sides: tuple[pd.DataFrame, pd.DataFrame],
        names: tuple[str, str],
        by: str,
        metric: str | None,
        clips: Clips,
    ) -> None:
        self._sides, self._names = sides, names
        self.metrics = [name for name in check_metrics(sides[0].columns, None) if _there(sides, name)]
        pairs, _ = match_pairs(*sides, *names, by, ["key", *self.metrics])
        if pairs.empty or not self.metrics:
            missing = "prompt and seed" if pairs.empty else "metric"
            raise MetricError(f"{names[0]} and {names[1]} have no {missing} in common")
        self._shared = [name for name in pairs.columns if name[-2:] not in (" a", " b")]
        self.pairs = _titled(pairs, self._shared, sides[0])
        self._keys = list(zip(self.pairs["key_a"], self.pairs["key_b"], strict=True))
        playing, slow = player_answers(self, clips)
        own = {"pairs": self._pairs, "summary": self._summary, "pair": self._pair, "metric": self._metric}
        first = metric or ("width" if "width" in self.metrics else self.metrics[0])
        super().__init__({**playing, **own}, (*slow, "summary", "pair", "metric"), metric=first)

    @traitlets.validate("metric")
    def _known_metric(self, proposal: Any) -> str:
        return check_metrics(self.metrics, proposal["value"])[0]

    @traitlets.validate("value")
    def _known_pair(self, proposal: Any) -> list[str] | None:
        pair = proposal["value"]
        if pair is not None and tuple(pair) not in self._keys:
            raise MetricError("value is the keys of a pair: one row's key_a and key_b of .pairs")
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
            values += [side.astype(np.float32) for side in (a, b, wrap(b - a, described(name).period))]
        return {
            "a": self._names[0], "b": self._names[1], "metrics": [_header(name) for name in self.metrics],
            "keys": self._keys, "prompts": list(prompts), "promptOf": [prompts[one] for one in self.pairs["prompt"]],
            "notes": notes,
        }, values  # fmt: skip

    def _summary(self, message: dict, buffers: Sequence) -> Answer:
        metric = message["metric"]
        row = next(compared(*self._sides, metrics=metric).itertuples())
        ends = [float(value) if np.isfinite(value) else None for value in (row.difference, row.lo, row.hi)]
        return {"metric": metric, "ends": ends, "text": _sentence(row), "reason": row.reason}, []

    def _pair(self, message: dict, buffers: Sequence) -> Answer:
        self._set_quietly("value", message["keys"])
        return {}, []

    def _metric(self, message: dict, buffers: Sequence) -> Answer:
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
    """See and hear two settings side by side, paired by prompt and seed.

    Above stands by how much B differs from A in a metric, as `mgeval.compare` has it; a dot for each pair shows how
    the pairs spread. Choose a pair by its dot, by its row or with the arrow keys: both clips are in the player.

    Keys: up and down choose a pair, A and B switch, V matches levels, space plays.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.measure`.
    store : Store or mapping of str to Audio
        Where the clips are.
    by : str, optional
        The column whose values are compared, such as 'guidance' or 'model'; by default the only one that varies.
    a, b : optional
        Two of its values; by default the first and the last.
    metric : str, optional
        What is compared first; by default the width.

    Returns
    -------
    Comparison
        A widget; ``.value`` is the chosen pair's keys, ``.pairs`` the table, ``.metric`` what is compared,
        ``.summary()`` the comparison.

    Raises
    ------
    MetricError
        There is no such column, value or metric, or the two have no prompt and seed in common.

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
    by = varied(scores, by)
    sides = split_by(scores, by)
    levels = list(sides)
    a, b = levels[0] if a is None else a, levels[-1] if b is None else b
    for level in (a, b):
        if level not in sides:
            raise MetricError(f"{by!r} has no value {level!r}: {nearest(str(level), map(level_text, levels))}")
    if a == b:
        raise MetricError(f"a and b are both {a!r}: two different values of {by!r} are needed")
    unit = SETTING_UNITS.get(by, "")
    names = tuple(f"{by.replace('_', ' ')} {level_text(level)} {unit}".strip() for level in (a, b))
    # What is compared may be controls: from here on they are rows like others.
    chosen = tuple(sides[level].drop(columns=CONTROL, errors="ignore") for level in (a, b))
    return Comparison(chosen, names, by, metric, Clips(store))


def _there(sides: Sequence[pd.DataFrame], name: str) -> bool:
    return all(name in side.columns and side[name].notna().any() for side in sides)


def _titled(pairs: pd.DataFrame, shared: list[str], side: pd.DataFrame) -> pd.DataFrame:
    """Return pairs with their prompts: what both share, the keys, then the metrics."""
    prompts = dict(zip(side["prompt_id"], prompt_texts(side), strict=True))
    sided = pairs.drop(columns=shared).rename(columns=lambda name: f"{name[:-2]}_{name[-1]}")
    sided = sided[["key_a", "key_b", *sided.columns.drop(["key_a", "key_b"])]]
    return pairs[shared].assign(prompt=pairs["prompt_id"].map(prompts)).join(sided)


def _header(name: str) -> dict[str, Any]:
    metric = described(name)
    return {"name": name, "label": metric.label, "unit": metric.unit, "meaning": metric.meaning}


def _sentence(row: Any) -> str:
    """Say a row of `mgeval.compare` so that nobody has to look up what its numbers are."""
    if np.isnan(row.difference):
        return f"{described(row.metric).label} is not defined for these pairs."
    metric = described(row.metric)
    unit = metric.unit
    digits = _digits(row.difference, row.mean_a, row.mean_b)
    sign = -1 if row.difference < 0 else 1
    apart = interval(sign * row.difference, *sorted((sign * row.lo, sign * row.hi)), unit, digits)
    apart = apart if "no interval" in apart else apart.replace("(", "(95 % interval ")
    apart = f"B is {'lower' if sign < 0 else 'higher'} by {apart}" if row.difference else "A and B are alike on average"
    means = [f"{round(mean, digits) + 0:.{digits}f} {unit}".strip() for mean in (row.mean_a, row.mean_b)]
    text = f"{apart}; {means[0]} for A, {means[1]} for B".replace("-", "\N{MINUS SIGN}")
    counted = f"{row.n_pairs} pair{'s' * (row.n_pairs != 1)} of {row.n_prompts} prompt{'s' * (row.n_prompts != 1)}"
    tested = "" if np.isnan(row.p) else f", p {row.p:.2g} for this metric alone"
    return f"{metric.label}: {text}. {counted}{tested}."


def _digits(*values: float) -> int:
    """Return how many digits behind the point show two of the smallest of these, if it is not nothing."""
    sizes = [abs(value) for value in values if value and np.isfinite(value)]
    return int(np.clip(1 - np.floor(np.log10(min(sizes))), 0, 4)) if sizes else 2
