"""Model cards: the results of a run as the Hugging Face hub reads them, and a page of Markdown under them."""

from __future__ import annotations

import hashlib
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgeval.files import expand_path, write_atomic
from mgeval.metrics import described
from mgeval.reporting.facts import ANY, UNAWARE, Facts, failure_shares, gather
from mgeval.reporting.figures import file_names
from mgeval.reporting.methods import as_markdown, markdown, references
from mgeval.reporting.sources import bibliography
from mgeval.runs import Store
from mgeval.wording import count_text, decimals, estimate_text, list_levels, percent_text, sample_text

if TYPE_CHECKING:
    import pandas as pd

TASK = "text-to-audio"
"""The hub's name of the task."""

KINDS = 5
"""Kinds of failure that a card names."""


def write_cards(scores: pd.DataFrame, store: Store, path: str | os.PathLike[str]) -> list[Path]:
    """Write a model card for each model of a run.

    The front matter is the hub's ``model-index``: each metric's mean, with its interval and n as arguments of
    the metric. Under it stands a summary of a page: headline metrics, failures, methods, whose references are in
    ``references.bib`` beside the cards.

    Parameters
    ----------
    scores : DataFrame
        From `mgeval.measure`.
    store : Store
        Where the clips lie.
    path : path-like
        The folder to write.

    Returns
    -------
    list of pathlib.Path
        One file for each model and revision.

    Raises
    ------
    MetricError
        The table holds no clip that was made, or no metric; then nothing is written.
    """
    import pandas as pd

    folder = expand_path(path)
    whole = gather(scores, store)
    parts = {
        key: part
        for key, part in whole.own.groupby(["model", "revision"], sort=False, dropna=False)
        if (part["status"] == "done").any()
    }
    facts = [whole] if len(parts) == 1 else [gather(part, store) for part in parts.values()]
    models = [str(model) for model, _ in parts]
    # A line's end, which no model's name holds, keeps each text apart from all others.
    texts = [
        name if models.count(name) == 1 else f"{name}\n{'no revision' if pd.isna(revision) else revision}"
        for name, (_, revision) in zip(models, parts, strict=True)
    ]
    cards = [card(one, name) for one, name in zip(facts, models, strict=True)]
    keys = dict.fromkeys(key for one in facts for key in references(one))
    write_atomic(folder / "references.bib", bibliography(keys).encode())
    names = file_names(texts)
    return [write_atomic(folder / f"{names[text]}.md", one.encode()) for text, one in zip(texts, cards, strict=True)]


def card(facts: Facts, model: str) -> str:
    """Return a model's card: YAML between dashes, then Markdown."""
    from huggingface_hub import ModelCard, ModelCardData

    data = ModelCardData(model_name=model, eval_results=_results(facts), tags=["music", "text-to-music", "mgeval"])
    text = f"---\n{data.to_yaml()}\n---\n\n{_summary(facts, model)}"
    # The hub's own reader must take what was written.
    return str(ModelCard(text))


def _results(facts: Facts) -> list[Any]:
    from huggingface_hub import EvalResult

    prompts = sorted(facts.made["prompt"].unique())
    dataset = {
        "task_type": TASK,
        "task_name": "Text to music",
        "dataset_type": "prompts",
        "dataset_name": f"{count_text(len(prompts), 'prompt')} of run {facts.name}",
        "dataset_revision": hashlib.sha256("\n".join(prompts).encode()).hexdigest()[:16],
        "dataset_args": {"clips": len(facts.made), **_settings(facts)},
    }
    return [
        EvalResult(
            **dataset,
            metric_type=row["metric"],
            metric_name=described(row["metric"]).label,
            metric_value=_rounded(row["mean"]),
            metric_args={
                "interval_95": None if math.isnan(row["lo"]) else [_rounded(row["lo"]), _rounded(row["hi"])],
                "n_clips": int(row["n_clips"]),
                "n_prompts": int(row["n_prompts"]),
                "unit": described(row["metric"]).unit,
            },
        )
        for row in facts.overall.to_dict("records")
        if math.isfinite(row["mean"])
    ]


def _settings(facts: Facts) -> dict[str, str]:
    return {factor: list_levels(facts.by[factor][factor].unique()) for factor in facts.factors}


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _summary(facts: Facts, model: str) -> str:
    made = facts.made
    lines = [
        f"# {markdown(model)}: evaluation",
        "",
        f"{sample_text(len(made), made['prompt_id'].nunique())}, measured with mgeval. "
        "Means over prompts, 95 % intervals.",
        "",
        "| metric | mean [95 % interval] | clips | prompts |",
        "| --- | ---: | ---: | ---: |",
    ]
    overall = facts.overall.set_index("metric")
    for metric in facts.headlines:
        row, about = overall.loc[metric], described(metric)
        digits = decimals((row["mean"], row["lo"], row["hi"]))
        label = markdown(f"{about.label} ({about.unit})" if about.unit else about.label)
        value = markdown(estimate_text(row["mean"], row["lo"], row["hi"], digits))
        lines.append(f"| {label} | {value} | {row['n_clips']:.0f} | {row['n_prompts']:.0f} |")
    lines += ["", "## Failures", "", *_failures(facts), "", f"#{as_markdown(facts)}"]
    return "\n".join(lines)


def _failures(facts: Facts) -> list[str]:
    import pandas as pd

    shares = failure_shares(facts.findings)
    every = shares["kind"] == ANY
    some = pd.concat([shares[every], shares[~every & (shares["found"] > 0)].head(KINDS)])
    lines = ["| failure | share of clips | clips judged |", "| --- | ---: | ---: |"]
    for row in some.to_dict("records"):
        share = markdown(percent_text(row["share"], row["lo"], row["hi"]))
        lines.append(f"| {markdown(row['kind'].replace('_', ' '))} | {share} | {row['n_clips']} |")
    return [*lines, "", UNAWARE]
