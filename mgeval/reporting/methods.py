"""What was done, from the record: a paragraph for a paper, with its references."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mgeval.metrics import described
from mgeval.models import LIMITS, ModelKind
from mgeval.reporting.facts import GAP, INTERVAL, Facts
from mgeval.reporting.sources import cited, entries, maker_kind, sources
from mgeval.scoring import checkpoint_of, recipes_of
from mgeval.tables import CONTROL, SETTING_UNITS
from mgeval.version import __version__
from mgeval.wording import SIGNIFICANCE, count_text, list_levels

if TYPE_CHECKING:
    import pandas as pd

Quote = Callable[[str], str]
"""Makes a user's text inert in what is written."""

_SETTINGS = tuple(name for name in LIMITS if name != "seed")
NO_REVISION = "revision not on record"
PACKAGES = ("torch", "transformers", "numpy")


def markdown(text: str) -> str:
    r"""Return a text as Markdown shows it, letter for letter.

    Examples
    --------
    >>> markdown("<img src=x> *loud*")
    '&lt;img src=x\\> \\*loud\\*'
    """
    escaped = re.sub(r"([\\`*_{}\[\]<>#|$~@&])", r"\\\1", " ".join(str(text).split()))
    return escaped.replace(r"\&", "&amp;").replace(r"\<", "&lt;")


def paragraphs(facts: Facts, quote: Quote) -> list[str]:
    """Return the methods as paragraphs; references stand in them as ``[@key]``."""
    return [_generation(facts, quote), _measurement(facts, quote), _statistics(facts, quote), _exclusions(facts, quote)]


def references(facts: Facts) -> list[str]:
    """Return the keys of what the methods cite."""
    return cited(facts.metrics, [one.kind for one in _makers(facts.made) if one.kind])


def as_markdown(facts: Facts) -> str:
    """Return the methods as a Markdown file, its references as pandoc reads them."""
    return "# Methods\n\n" + "\n\n".join(paragraphs(facts, markdown)) + "\n\nReferences are in `references.bib`.\n"


def as_html(facts: Facts) -> str:
    """Return the methods and their references as HTML."""
    keys = references(facts)
    numbers = {key: place for place, key in enumerate(keys, start=1)}

    def linked(found: re.Match[str]) -> str:
        parts = found[0][1:-1].replace("@", "").split("; ")
        return "[" + ", ".join(f"<a href='#ref-{key}'>{numbers[key]}</a>" for key in parts) + "]"

    one = "|".join(keys)
    texts = [re.sub(rf"\[@(?:{one})(?:; @(?:{one}))*\]", linked, text) for text in paragraphs(facts, html.escape)]
    items = "".join(f"<li id='ref-{key}'>{html.escape(_reference(key))}</li>" for key in keys)
    return "".join(f"<p>{text}</p>" for text in texts) + f"<h3>References</h3><ol class='references'>{items}</ol>"


def _reference(key: str) -> str:
    """Return an entry of the bibliography as a line to read."""
    entry = " ".join(entries()[key].split())
    fields = {name: re.sub(r"[{}]", "", value) for name, value in re.findall(r"(\w+) = \{(.*?)\}(?:,| \}$)", entry)}
    where = next(
        (fields[name] for name in ("journal", "booktitle", "number", "publisher") if name in fields), "software"
    )
    if "volume" in fields:
        where += f" {fields['volume']}({fields['number']}), {fields['pages'].replace('--', chr(0x2013))}"
    title = fields["title"].replace(" -- ", f" {chr(0x2013)} ")
    preprint = f", arXiv:{fields['eprint']}" if "eprint" in fields else ""
    return f"{fields['author'].replace(' and ', '; ')}: {title}. {where}, {fields['year']}{preprint}."


class Maker(NamedTuple):
    """A model in one revision, with the clips that it made."""

    model: str
    revision: str
    kind: ModelKind | None
    clips: pd.DataFrame

    @property
    def external(self) -> bool:
        """Whether it only holds clips that another system made."""
        return self.kind is not None and self.kind.external

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings that change its clips; all, where nothing is known of it."""
        return _SETTINGS if self.kind is None else self.kind.settings

    def citation(self, quote: Quote) -> str:
        """Return what it is called, with its revision and what to cite."""
        architecture = f"; {self.kind.note}" if self.kind and self.kind.note else ""
        return f"{quote(self.model)} ({quote(self.revision)}{architecture})"


def _makers(made: pd.DataFrame) -> list[Maker]:
    import pandas as pd

    found = []
    for (model, revision), clips in made.groupby(["model", "revision"], sort=False, dropna=False):
        slots = pd.to_numeric(clips["slots"], errors="coerce").max() if "slots" in clips else 0
        found.append(Maker(str(model), revision_of(revision), maker_kind(str(model), slots), clips))
    return found


def revision_of(revision: object) -> str:
    """Return a revision in words; a table of an older run, or from elsewhere, may have none."""
    import pandas as pd

    return NO_REVISION if pd.isna(revision) else f"revision {revision}"


def _generation(facts: Facts, quote: Quote) -> str:
    makers = _makers(facts.made)
    ours = [one for one in makers if not one.external]
    theirs = [one for one in makers if one.external]
    parts = [_made(facts, ours, quote)] if ours else []
    parts += [_taken(facts, theirs, quote)] if theirs else []
    return " ".join(parts)


def _made(facts: Facts, makers: Sequence[Maker], quote: Quote) -> str:
    made = facts.made.loc[[index for one in makers for index in one.clips.index]].sort_index()
    more = finely_varied(made, facts.factors)
    # A setting that no model of these uses is not one that the clips were made with.
    used = {name for one in makers for name in one.settings}
    held = [
        f"{quote(name)} {quote(_listed(name, _levels(made[name])))}"
        for name in _settings(made)
        if name in used and name not in (*facts.factors, *more) and made[name].notna().any()
    ]
    seeds = sorted(made["seed"].astype(str).unique(), key=lambda seed: (len(seed), seed))
    # How a model of somebody else draws is theirs to say.
    known = all(one.kind for one in makers)
    device = ", ".join(filter(None, (list_levels(_levels(made[name])) for name in ("device", "dtype"))))
    versions = _versions(made)
    parts = [
        f"{_amount(made)} were made with mgeval [@mgeval] by {', '.join(one.citation(quote) for one in makers)}.",
        _varied(facts, made, more, quote),
        f"Held: {', '.join(held)}." if held else "",
        f"Seeds: {quote(list_levels(seeds))}.",
        "A clip's random numbers depend on its seed and its prompt only." if known else "",
        f"Device {quote(device)}." if device else "",
        f"Versions: {quote(versions)}." if versions else "",
    ]
    return " ".join(part for part in parts if part)


def _settings(made: pd.DataFrame) -> list[str]:
    return [name for name in _SETTINGS if name in made.columns]


def finely_varied(made: pd.DataFrame, factors: Sequence[str]) -> list[str]:
    """Return the settings that were varied over too many values for a factor."""
    return [name for name in _settings(made) if name not in factors and made[name].nunique(dropna=False) > 1]


def _taken(facts: Facts, makers: Sequence[Maker], quote: Quote) -> str:
    """Say of clips that another system made where they are from: the run's settings say nothing of how."""
    taken = facts.made.loc[[index for one in makers for index in one.clips.index]]
    cut = f"; longer ones are cut at {quote(list_levels(_levels(taken['duration'])))} s" if "duration" in taken else ""
    text = (
        f"{_amount(taken)} were made by another system, with settings that are not on record, and taken from "
        f"{', '.join(one.citation(quote) for one in makers)}{cut}."
    )
    varied = _varied(facts, taken, [], quote) if len(taken) == len(facts.made) else ""
    return f"{text} {varied}".strip()


def _amount(made: pd.DataFrame) -> str:
    seconds = float((made["n_samples"] / made["rate"]).sum())
    prompts = count_text(made["prompt_id"].nunique(), "prompt")
    return f"{count_text(len(made), 'clip')} of {prompts} ({seconds / 60:.1f} minutes of audio)"


def _varied(facts: Facts, made: pd.DataFrame, more: Sequence[str], quote: Quote) -> str:
    names = (*facts.factors, *more)
    levels = {name: _levels((facts.made if name in facts.factors else made)[name]) for name in names}
    varied = ", ".join(f"{quote(name)} ({quote(_listed(name, levels[name]))})" for name in names)
    return f"Varied: {varied}." if varied else ""


def _listed(name: str, levels: Sequence[object]) -> str:
    return f"{list_levels(levels)} {SETTING_UNITS.get(name, '')}".rstrip()


def _levels(values: pd.Series) -> list[object]:
    found = list(values.dropna().unique())
    numbers = all(isinstance(value, (int, float)) for value in found)
    return sorted(found) if numbers else found


def _versions(made: pd.DataFrame) -> str:
    """Return the versions that made the clips, from their records."""
    found: dict[str, set[str]] = {}
    for text in made["versions"].dropna().unique():
        try:
            versions = json.loads(text)
        except (TypeError, ValueError):
            # A table that went through other hands.
            continue
        for package in ("mgeval", *PACKAGES):
            if package in versions:
                found.setdefault(package, set()).add(str(versions[package]))
    return ", ".join(f"{package} {' and '.join(sorted(versions))}" for package, versions in found.items())


def _measurement(facts: Facts, quote: Quote) -> str:
    names: dict[tuple[str, ...], list[str]] = {}
    for metric in facts.metrics:
        names.setdefault(sources(metric), []).append(quote(described(metric).label))
    groups = [
        "; ".join(labels) + (f" [{'; '.join(f'@{key}' for key in keys)}]" if keys else "")
        for keys, labels in names.items()
    ]
    text = (
        f"Clips were measured with mgeval {__version__} [@mgeval] as they were made: at their own rate, without "
        "normalising their level, stereo measures on the original channels. "
        f"Measured were: {'; '.join(groups)}."
    )
    there = {metric.partition(":")[2] for metric in facts.metrics}
    ears = {one: how for one, how in recipes_of(facts.made).items() if checkpoint_of(one) in there}
    if ears:
        said = "; ".join(
            f"{one} ({how})" if how else f"{one} (how it hears a clip is not recorded)" for one, how in ears.items()
        )
        text += f" CLAP scores are by {quote(said)}."
    return text + " Failures were looked for with the detectors of mgeval at their default thresholds."


def _statistics(facts: Facts, quote: Quote) -> str:
    text = (
        "The prompt is the unit: means are over the prompts' means. Brackets and bars are 95 % intervals of the mean: "
        f"{INTERVAL}. Those of shares are Wilson's intervals, of as many independent clips as would scatter like the "
        "prompts do. Intervals are not adjusted for the number of metrics and groups shown. Differences between "
        "settings are those of clips of one prompt and seed, all else equal; their p is that of a sign-flip test over "
        f"prompts, adjusted after Holm within a table. Gaps of a factor are a group of their own, {GAP}."
    )
    lone = "; ".join(f"{quote(factor)}: {quote(why)}" for factor, why in facts.uncompared.items())
    return f"{text} Not compared were the levels of {lone}." if lone else text


def how_tested(table: pd.DataFrame) -> str:
    """Return how the p values of a table of `mgeval.compare` were found, in words."""
    if table["p"].isna().all():
        reasons = dict.fromkeys(part for reason in table["reason"] for part in reason.split("; "))
        why = [part for part in reasons if part and not part.startswith(("dz: ", "delta: "))]
        return f"p is not defined: {'; '.join(why) or 'there is nothing to test'}."
    tests = list_levels(text for text in table["test"].unique() if text)
    parts = {part for reason in table["reason"] for part in reason.split("; ") if "p cannot fall" in part}
    few = "".join(f" {part[0].upper()}{part[1:]}." for part in sorted(parts))
    return (
        f"p: {tests}; adjusted after Holm over the {count_text(int(table['p'].notna().sum()), 'test')} of this table; "
        f"* marks p < {SIGNIFICANCE:g}.{few}"
    )


def left_out(facts: Facts, quote: Quote) -> list[str]:
    """Return a sentence for each way in which clips of the run are in no number."""
    own, sentences = facts.own, []
    failed = own.loc[own["status"] != "done", "error"].fillna("not run yet").replace("", "not said")
    for what, why in (("made", failed.tolist()), ("read", list(facts.unreadable.values()))):
        if why:
            said = "; ".join(f"{quote(str(reason))} ({count})" for reason, count in Counter(why).most_common())
            are = "is" if len(why) == 1 else "are"
            sentences.append(f"{count_text(len(why), 'clip')} could not be {what} and {are} left out: {said}.")
    if facts.missing:
        sentences.append(f"The run is not complete: {facts.missing} of {facts.planned} clips are planned and not made.")
    return sentences


def _exclusions(facts: Facts, quote: Quote) -> str:
    own, parts = facts.own, left_out(facts, quote)
    there = len(facts.made) - len(facts.unreadable)
    if controls := len(facts.scores) - len(own):
        kinds = facts.scores[CONTROL].dropna().unique()
        parts.append(
            f"{count_text(controls, 'row')} of controls ({quote(list_levels(kinds))}) are not part of any number."
        )
    counts = facts.overall.set_index("metric")["n_clips"]
    gaps = [f"{quote(described(m).label)} ({there - n} of {there})" for m, n in counts.items() if n < there]
    if gaps:
        parts.append(f"Where a measure is undefined, its clips are left out of its mean: {'; '.join(gaps)}.")
    return " ".join(parts) or "No clip was left out."
