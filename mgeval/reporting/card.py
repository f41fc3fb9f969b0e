"""Model cards: the results of a run in the format of the Hugging Face hub, and a summary in Markdown."""

from __future__ import annotations

import hashlib
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgeval.files import expand_path, write_atomic
from mgeval.metrics import metric_of
from mgeval.reporting.facts import ANY, PROMPT_CAVEAT, Facts, failure_shares, gather
from mgeval.reporting.figures import file_names
from mgeval.reporting.methods import as_markdown, markdown, references
from mgeval.reporting.sources import bibliography
from mgeval.runs import Store
from mgeval.wording import count_text, decimals, estimate_text, list_levels, percent_text, sample_text

if TYPE_CHECKING:
    import pandas as pd

TASK = "text-to-audio"
"""The name of the task on the hub."""

KINDS = 5
"""Kinds of failure that a card lists."""


def write_cards(scores: pd.DataFrame, store: Store, path: str | os.PathLike[str]) -> list[Path]:
    """Write a model card for each model of a run.

    The front matter is the ``model-index`` of the hub: the mean of each metric, with its interval and n as arguments
    of the metric. It is followed by a summary of one page: headline metrics, failures and methods. Their references
    are in ``references.bib`` beside the cards.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.measure`.
    store : Store
        The store of the clips.
    path : path-like
        The folder to write.

    Returns
    -------
    list of pathlib.Path
        One file for each model and revision.

    Raises
    ------
    MetricError
        The table has no finished clip, or no metric; then nothing is written.
    """
    import pandas as pd

    folder = expand_path(path)
    run_facts = gather(scores, store)
    parts: dict[Any, pd.DataFrame] = {
        key: part
        for key, part in run_facts.attempts.groupby(["model", "revision"], sort=False, dropna=False)
        if (part["status"] == "done").any()
    }
    facts = [run_facts] if len(parts) == 1 else [gather(part, store) for part in parts.values()]
    models = [str(model) for model, _ in parts]
    # No name of a model has a line break, so each text is distinct from all others.
    texts = [
        name if models.count(name) == 1 else f"{name}\n{'no revision' if pd.isna(revision) else revision}"
        for name, (_, revision) in zip(models, parts, strict=True)
    ]
    cards = [card_text(part, name) for part, name in zip(facts, models, strict=True)]
    keys = dict.fromkeys(key for part in facts for key in references(part))
    write_atomic(folder / "references.bib", bibliography(keys).encode())
    names = file_names(texts)
    return [write_atomic(folder / f"{names[text]}.md", card.encode()) for text, card in zip(texts, cards, strict=True)]


def card_text(facts: Facts, model: str) -> str:
    """Return the card of a model: YAML between dashes, then Markdown."""
    from huggingface_hub import ModelCard, ModelCardData

    data = ModelCardData(model_name=model, eval_results=_eval_results(facts), tags=["music", "text-to-music", "mgeval"])
    text = f"---\n{data.to_yaml()}\n---\n\n{_summary(facts, model)}"
    # Parse the text with the hub's own class, to be sure that the hub accepts it.
    return str(ModelCard(text))


def _eval_results(facts: Facts) -> list[Any]:
    from huggingface_hub import EvalResult

    prompts = sorted(facts.clips["prompt"].unique())
    dataset: dict[str, Any] = {
        "task_type": TASK,
        "task_name": "Text to music",
        "dataset_type": "prompts",
        "dataset_name": f"{count_text(len(prompts), 'prompt')} of run {facts.name}",
        "dataset_revision": hashlib.sha256("\n".join(prompts).encode()).hexdigest()[:16],
        "dataset_args": {"clips": len(facts.clips), **_swept_levels(facts)},
    }
    return [
        EvalResult(
            **dataset,
            metric_type=row["metric"],
            metric_name=metric_of(row["metric"]).label,
            metric_value=_round_value(row["mean"]),
            metric_args={
                "interval_95": None if math.isnan(row["lo"]) else [_round_value(row["lo"]), _round_value(row["hi"])],
                "n_clips": int(row["n_clips"]),
                "n_prompts": int(row["n_prompts"]),
                "unit": metric_of(row["metric"]).unit,
            },
        )
        for row in facts.overall.to_dict("records")
        if math.isfinite(row["mean"])
    ]


def _swept_levels(facts: Facts) -> dict[str, str]:
    return {factor: list_levels(facts.by[factor][factor].unique()) for factor in facts.factors}


def _round_value(value: float) -> float:
    return float(f"{value:.6g}")


def _summary(facts: Facts, model: str) -> str:
    clips = facts.clips
    lines = [
        f"# {markdown(model)}: evaluation",
        "",
        f"{sample_text(len(clips), clips['prompt_id'].nunique())}, measured with mgeval. "
        "Means over prompts, 95 % intervals.",
        "",
        "| metric | mean [95 % interval] | clips | prompts |",
        "| --- | ---: | ---: | ---: |",
    ]
    overall = facts.overall.set_index("metric")
    for metric in facts.headlines:
        row: Any = overall.loc[metric]
        definition = metric_of(metric)
        digits = decimals((row["mean"], row["lo"], row["hi"]))
        label = markdown(f"{definition.label} ({definition.unit})" if definition.unit else definition.label)
        value = markdown(estimate_text(row["mean"], row["lo"], row["hi"], digits))
        lines.append(f"| {label} | {value} | {row['n_clips']:.0f} | {row['n_prompts']:.0f} |")
    lines += ["", "## Failures", "", *_failure_lines(facts), "", f"#{as_markdown(facts)}"]
    return "\n".join(lines)


def _failure_lines(facts: Facts) -> list[str]:
    import pandas as pd

    shares = failure_shares(facts.findings)
    total = shares["kind"] == ANY
    rows = pd.concat([shares[total], shares[~total & (shares["found"] > 0)].head(KINDS)])
    lines = ["| failure | share of clips | clips judged |", "| --- | ---: | ---: |"]
    for row in rows.to_dict("records"):
        share = markdown(percent_text(row["share"], row["lo"], row["hi"]))
        lines.append(f"| {markdown(row['kind'].replace('_', ' '))} | {share} | {row['n_clips']} |")
    return [*lines, "", PROMPT_CAVEAT]
