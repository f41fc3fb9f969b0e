"""The codes of clips: how sure the model was, how it repeats itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mgeval.errors import MetricError, StoreError
from mgeval.metrics import METRICS, TOKENS, Undefined
from mgeval.metrics import tokens as token_metrics
from mgeval.runs import Store
from mgeval.scoring.clip_reader import store_clips
from mgeval.scoring.reasons import merge_reasons, reason_text

if TYPE_CHECKING:
    import pandas as pd


def token_table(store: Store, clips: pd.DataFrame | None = None) -> pd.DataFrame:
    """Measure the codes of clips: how sure the model was, how it repeats itself.

    Parameters
    ----------
    store : Store
        Where the clips lie.
    clips : DataFrame, optional
        Which ones, as `run` or `measure` returned them; by default all of the store.

    Returns
    -------
    pandas.DataFrame
        The clips with a column for each of ``mgeval.metrics.TOKENS``, and ``reason``: why those that
        are NaN are. `summarise` and the plots take it.

    Raises
    ------
    MetricError
        The table is not one of clips.
    """
    import pandas as pd

    clips = store_clips(store, clips)
    rows = []
    for row in clips.to_dict("records"):
        values = _of_tokens(row, store)
        rows.append({**{name: float(value) for name, value in values.items()}, "reason": reason_text(values)})
    kept = clips.drop(columns=[name for name in (*TOKENS, "reason") if name in clips.columns])
    table = pd.concat([kept, pd.DataFrame(rows, index=kept.index, columns=[*TOKENS, "reason"])], axis=1)
    return table.assign(reason=merge_reasons(clips, kept, table["reason"]))


def _of_tokens(row: Mapping[Any, Any], store: Store) -> dict[str, float]:
    if row["status"] != "done":
        return dict.fromkeys(TOKENS, Undefined("the clip was not made"))
    try:
        codes, predictions = store.codes(row["key"]), store.predictions(row["key"])
        tokens = token_metrics.Tokens(codes, predictions, int(row["channels"]))
    except (StoreError, MetricError) as error:
        return dict.fromkeys(TOKENS, Undefined(str(error)))
    return {name: METRICS[name].function(tokens) for name in TOKENS}
