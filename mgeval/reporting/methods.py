"""The methods of a run from its records: paragraphs for a paper, with references."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mgeval.metrics import metric_of
from mgeval.models import LIMITS, ModelKind
from mgeval.reporting.facts import INTERVAL, Facts
from mgeval.reporting.sources import cite_keys, entries, maker_kind, metric_cite_keys
from mgeval.scoring import checkpoint_of, recipes_of
from mgeval.tables import CONTROL, GAP, SETTING_UNITS
from mgeval.version import __version__
from mgeval.wording import SIGNIFICANCE, count_text, list_levels

if TYPE_CHECKING:
    import pandas as pd

Quote = Callable[[str], str]
"""Escapes user text for the format that is written."""

_SETTINGS = tuple(name for name in LIMITS if name != "seed")
NO_REVISION = "revision not on record"
PACKAGES = ("torch", "transformers", "numpy")


def markdown(text: str) -> str:
    r"""Return a text that Markdown shows letter for letter.

    Examples
    --------
    >>> markdown("<img src=x> *loud*")
    '&lt;img src=x\\> \\*loud\\*'
    """
    escaped = re.sub(r"([\\`*_{}\[\]<>#|$~@&])", r"\\\1", " ".join(str(text).split()))
    return escaped.replace(r"\&", "&amp;").replace(r"\<", "&lt;")


def paragraphs(facts: Facts, quote: Quote) -> list[str]:
    """Return the methods as paragraphs, with references as ``[@key]``."""
    return [
        _generation_paragraph(facts, quote),
        _measurement_paragraph(facts, quote),
        _statistics_paragraph(facts, quote),
        _exclusion_paragraph(facts, quote),
    ]


def references(facts: Facts) -> list[str]:
    """Return the keys of the references of the methods."""
    return cite_keys(facts.metrics, [maker.kind for maker in _group_makers(facts.clips) if maker.kind])


def as_markdown(facts: Facts) -> str:
    """Return the methods as a Markdown file, with references for pandoc."""
    return "# Methods\n\n" + "\n\n".join(paragraphs(facts, markdown)) + "\n\nReferences are in `references.bib`.\n"


def as_html(facts: Facts) -> str:
    """Return the methods and their references as HTML."""
    keys = references(facts)
    numbers = {key: place for place, key in enumerate(keys, start=1)}

    def link(match: re.Match[str]) -> str:
        parts = match[0][1:-1].replace("@", "").split("; ")
        return "[" + ", ".join(f"<a href='#ref-{key}'>{numbers[key]}</a>" for key in parts) + "]"

    key = "|".join(keys)
    texts = [re.sub(rf"\[@(?:{key})(?:; @(?:{key}))*\]", link, text) for text in paragraphs(facts, html.escape)]
    items = "".join(f"<li id='ref-{key}'>{html.escape(_reference_line(key))}</li>" for key in keys)
    return "".join(f"<p>{text}</p>" for text in texts) + f"<h3>References</h3><ol class='references'>{items}</ol>"


def _reference_line(key: str) -> str:
    """Return an entry of the bibliography as a line of text."""
    entry = " ".join(entries()[key].split())
    fields = {name: re.sub(r"[{}]", "", value) for name, value in re.findall(r"(\w+) = \{(.*?)\}(?:,| \}$)", entry)}
    source = next(
        (fields[name] for name in ("journal", "booktitle", "number", "publisher") if name in fields), "software"
    )
    if "volume" in fields:
        source += f" {fields['volume']}({fields['number']}), {fields['pages'].replace('--', chr(0x2013))}"
    title = fields["title"].replace(" -- ", f" {chr(0x2013)} ")
    preprint = f", arXiv:{fields['eprint']}" if "eprint" in fields else ""
    return f"{fields['author'].replace(' and ', '; ')}: {title}. {source}, {fields['year']}{preprint}."


class Maker(NamedTuple):
    """A revision of a model, with the clips that it made."""

    model: str
    revision: str
    kind: ModelKind | None
    clips: pd.DataFrame

    @property
    def external(self) -> bool:
        """Whether the clips were made by another system."""
        return self.kind is not None and self.kind.external

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings that change its clips; all settings if its kind is unknown."""
        return _SETTINGS if self.kind is None else self.kind.settings

    def citation(self, quote: Quote) -> str:
        """Return its name, with the revision and the references to cite."""
        architecture = f"; {self.kind.note}" if self.kind and self.kind.note else ""
        return f"{quote(self.model)} ({quote(self.revision)}{architecture})"


def _group_makers(clips: pd.DataFrame) -> list[Maker]:
    import pandas as pd

    makers = []
    groups: Any = clips.groupby(["model", "revision"], sort=False, dropna=False)
    for (model, revision), part in groups:
        slots = pd.to_numeric(part["slots"], errors="coerce").max() if "slots" in part else 0
        makers.append(Maker(str(model), revision_text(revision), maker_kind(str(model), slots), part))
    return makers


def revision_text(revision: Any) -> str:
    """Return a revision in words; tables of older runs or from other sources may have none."""
    import pandas as pd

    return NO_REVISION if pd.isna(revision) else f"revision {revision}"


def _generation_paragraph(facts: Facts, quote: Quote) -> str:
    makers = _group_makers(facts.clips)
    internal = [maker for maker in makers if not maker.external]
    external = [maker for maker in makers if maker.external]
    parts = [_generation_text(facts, internal, quote)] if internal else []
    parts += [_external_text(facts, external, quote)] if external else []
    return " ".join(parts)


def _generation_text(facts: Facts, makers: Sequence[Maker], quote: Quote) -> str:
    clips = facts.clips.loc[[index for maker in makers for index in maker.clips.index]].sort_index()
    more = ungrouped_settings(clips, facts.factors)
    # A setting that none of the models uses had no influence on the clips.
    used = {name for maker in makers for name in maker.settings}
    fixed = [
        f"{quote(name)} {quote(_levels_text(name, _levels(clips[name])))}"
        for name in _setting_columns(clips)
        if name in used and name not in (*facts.factors, *more) and clips[name].notna().any()
    ]
    seeds = sorted(clips["seed"].astype(str).unique(), key=lambda seed: (len(seed), seed))
    # Nothing is known about the random numbers of a model of unknown kind.
    known = all(maker.kind for maker in makers)
    device = ", ".join(filter(None, (list_levels(_levels(clips[name])) for name in ("device", "dtype"))))
    versions = _versions(clips)
    parts = [
        f"{_sample_text(clips)} were made with mgeval [@mgeval] by {_citations(makers, quote)}.",
        _varied_text(facts, clips, more, quote),
        f"Fixed: {', '.join(fixed)}." if fixed else "",
        f"Seeds: {quote(list_levels(seeds))}.",
        "The random numbers of a clip depend only on its seed and its prompt." if known else "",
        f"Device {quote(device)}." if device else "",
        f"Versions: {quote(versions)}." if versions else "",
    ]
    return " ".join(part for part in parts if part)


def _citations(makers: Sequence[Maker], quote: Quote) -> str:
    return ", ".join(maker.citation(quote) for maker in makers)


def _setting_columns(clips: pd.DataFrame) -> list[str]:
    return [name for name in _SETTINGS if name in clips.columns]


def ungrouped_settings(clips: pd.DataFrame, factors: Sequence[str]) -> list[str]:
    """Return the settings that vary and are no factor, usually because they have too many values."""
    return [name for name in _setting_columns(clips) if name not in factors and clips[name].nunique(dropna=False) > 1]


def _external_text(facts: Facts, makers: Sequence[Maker], quote: Quote) -> str:
    """Return the source of clips that another system made; the settings of the run do not describe them."""
    clips = facts.clips.loc[[index for maker in makers for index in maker.clips.index]]
    cut = f"; longer ones are cut at {quote(list_levels(_levels(clips['duration'])))} s" if "duration" in clips else ""
    text = (
        f"{_sample_text(clips)} were made by another system, with settings that are not on record, and taken from "
        f"{_citations(makers, quote)}{cut}."
    )
    varied = _varied_text(facts, clips, [], quote) if len(clips) == len(facts.clips) else ""
    return f"{text} {varied}".strip()


def _sample_text(clips: pd.DataFrame) -> str:
    seconds = float((clips["n_samples"] / clips["rate"]).sum())
    prompts = count_text(clips["prompt_id"].nunique(), "prompt")
    return f"{count_text(len(clips), 'clip')} of {prompts} ({seconds / 60:.1f} minutes of audio)"


def _varied_text(facts: Facts, clips: pd.DataFrame, more: Sequence[str], quote: Quote) -> str:
    names = (*facts.factors, *more)
    levels = {name: _levels((facts.clips if name in facts.factors else clips)[name]) for name in names}
    varied = ", ".join(f"{quote(name)} ({quote(_levels_text(name, levels[name]))})" for name in names)
    return f"Varied: {varied}." if varied else ""


def _levels_text(name: str, levels: Sequence[object]) -> str:
    return f"{list_levels(levels)} {SETTING_UNITS.get(name, '')}".rstrip()


def _levels(values: pd.Series) -> list[object]:
    levels = list(values.dropna().unique())
    numeric = all(isinstance(level, (int, float)) for level in levels)
    return sorted(levels) if numeric else levels


def _versions(clips: pd.DataFrame) -> str:
    """Return the versions of the packages that made the clips, from their records."""
    by_package: dict[str, set[str]] = {}
    for text in clips["versions"].dropna().unique():
        try:
            versions = json.loads(text)
        except (TypeError, ValueError):
            # The column was changed outside of mgeval.
            continue
        for package in ("mgeval", *PACKAGES):
            if package in versions:
                by_package.setdefault(package, set()).add(str(versions[package]))
    return ", ".join(f"{package} {' and '.join(sorted(versions))}" for package, versions in by_package.items())


def _measurement_paragraph(facts: Facts, quote: Quote) -> str:
    names: dict[tuple[str, ...], list[str]] = {}
    for metric in facts.metrics:
        names.setdefault(metric_cite_keys(metric), []).append(quote(metric_of(metric).label))
    groups = [
        "; ".join(labels) + (f" [{'; '.join(f'@{key}' for key in keys)}]" if keys else "")
        for keys, labels in names.items()
    ]
    text = (
        f"Clips were measured with mgeval {__version__} [@mgeval] as they were made: at their own rate, without "
        "normalising their level, and stereo measures use the original channels. "
        f"The measures are: {'; '.join(groups)}."
    )
    checkpoints = {metric.partition(":")[2] for metric in facts.metrics}
    recipes = {name: recipe for name, recipe in recipes_of(facts.clips).items() if checkpoint_of(name) in checkpoints}
    if recipes:
        scorers = "; ".join(f"{name} ({recipe or 'preprocessing not recorded'})" for name, recipe in recipes.items())
        text += f" CLAP scores are by {quote(scorers)}."
    return text + " Failures were detected with the detectors of mgeval at their default thresholds."


def _statistics_paragraph(facts: Facts, quote: Quote) -> str:
    text = (
        "The prompt is the unit of analysis: means are over the means of the prompts. Brackets and bars are 95 % "
        f"intervals of the mean: {INTERVAL}. Intervals of shares are Wilson's, for the number of independent clips "
        "that would scatter as the prompts do. Intervals are not adjusted for the number of metrics and groups shown. "
        "Differences between settings are between clips of one prompt and seed, all else equal; their p values are "
        "from a sign-flip test over prompts, adjusted after Holm within a table. Clips without a value of a factor are "
        f"a group of their own, {GAP}."
    )
    uncompared = "; ".join(f"{quote(factor)}: {quote(why)}" for factor, why in facts.uncompared.items())
    return f"{text} Not compared: the levels of {uncompared}." if uncompared else text


def p_value_note(table: pd.DataFrame) -> str:
    """Return in words how the p values of a table of `mgeval.compare` were computed."""
    if table["p"].isna().all():
        reasons = dict.fromkeys(part for reason in table["reason"] for part in reason.split("; "))
        causes = [part for part in reasons if part and not part.startswith(("dz: ", "delta: "))]
        return f"p is not defined: {'; '.join(causes) or 'there is nothing to test'}."
    tests = list_levels(text for text in table["test"].unique() if text)
    parts = {part for reason in table["reason"] for part in reason.split("; ") if "p cannot fall" in part}
    few = "".join(f" {part[0].upper()}{part[1:]}." for part in sorted(parts))
    return (
        f"p: {tests}; adjusted after Holm over the {count_text(int(table['p'].notna().sum()), 'test')} of this table; "
        f"* marks p < {SIGNIFICANCE:g}.{few}"
    )


def exclusion_sentences(facts: Facts, quote: Quote) -> list[str]:
    """Return a sentence for each reason why clips of the run are excluded from all numbers."""
    attempts, sentences = facts.attempts, []
    errors = attempts.loc[attempts["status"] != "done", "error"].fillna("not run yet").replace("", "not recorded")
    for step, reasons in (("made", errors.tolist()), ("read", list(facts.unreadable.values()))):
        if reasons:
            counts = "; ".join(f"{quote(str(reason))} ({count})" for reason, count in Counter(reasons).most_common())
            verb = "is" if len(reasons) == 1 else "are"
            sentences.append(f"{count_text(len(reasons), 'clip')} could not be {step} and {verb} left out: {counts}.")
    if facts.missing:
        sentences.append(f"The run is incomplete: {facts.missing} of {facts.planned} planned clips are missing.")
    return sentences


def _exclusion_paragraph(facts: Facts, quote: Quote) -> str:
    parts = exclusion_sentences(facts, quote)
    readable = len(facts.clips) - len(facts.unreadable)
    if controls := len(facts.scores) - len(facts.attempts):
        kinds = facts.scores[CONTROL].dropna().unique()
        parts.append(
            f"{count_text(controls, 'row')} of controls ({quote(list_levels(kinds))}) are excluded from all numbers."
        )
    counts = facts.overall.set_index("metric")["n_clips"]
    gaps = [
        f"{quote(metric_of(str(metric)).label)} ({readable - n} of {readable})"
        for metric, n in counts.items()
        if n < readable
    ]
    if gaps:
        parts.append(f"Clips for which a measure is undefined are left out of its mean: {'; '.join(gaps)}.")
    return " ".join(parts) or "No clip was left out."
