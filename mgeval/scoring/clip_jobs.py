"""What is computed from the audio of one clip: measures and findings, those that nothing keeps yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from mgeval.errors import AudioError
from mgeval.metrics import DETECTORS, Finding, Profiles, evaluate, findings_of, signal
from mgeval.runs import audio_hash
from mgeval.scoring.clip_measures import ClipMeasures
from mgeval.scoring.clip_reader import Source
from mgeval.scoring.processes import compile_metrics, spread

NOT_MADE = "the clip was not made"
COUNT = signal.failure_count.__name__


class Job(NamedTuple):
    """What to compute of one clip.

    Parameters
    ----------
    source : callable or None
        Reads the clip; None if there is no clip.
    names : list of str
        The metrics.
    kinds : list of str
        The kinds of failure to look for.
    findings : dict of str to list of Finding
        The findings that are known already, by kind.
    describe : bool
        Whether to read the clip even if there is nothing to measure.
    """

    source: Source | None
    names: list[str]
    kinds: list[str]
    findings: dict[str, list[Finding]]
    describe: bool

    @property
    def has_work(self) -> bool:
        """Whether the clip's audio must be read."""
        return self.source is not None and bool(self.names or self.kinds or self.describe)


class Result(NamedTuple):
    """What was computed of one clip.

    Parameters
    ----------
    about : dict
        Its ``channels``, ``rate`` and ``duration``.
    values : dict of str to float
        Metrics by name.
    findings : dict of str to list of Finding
        By kind.
    mono : str or None
        The hash of its mono mean.
    """

    about: dict[str, Any]
    values: dict[str, float]
    findings: dict[str, list[Finding]]
    mono: str | None


NOTHING = Result({}, {}, {}, None)


def plan_job(
    source: Source | None,
    kept: ClipMeasures | None,
    names: Sequence[str],
    failures: bool = False,
    mono: bool = False,
) -> Job:
    """Return what is left to compute of a clip.

    Parameters
    ----------
    source : callable or None
        Reads the clip.
    kept : ClipMeasures or None
        What its store keeps; None for a file, of which nothing is kept.
    names : sequence of str
        The metrics that are asked for.
    failures : bool
        Whether its findings are asked for.
    mono : bool
        Whether the hash of its mono mean is asked for.
    """
    if kept is None:
        return Job(source, list(names), [], {}, True)
    values, findings = kept.values(names), kept.findings()
    missing = [name for name in names if name not in values]
    kinds = [kind for kind in DETECTORS if kind not in findings] if failures or COUNT in missing else []
    return Job(source, missing, kinds, findings, mono and kept.mono is None)


def compute(jobs: Sequence[Job]) -> Iterator[Result | str]:
    """Yield the result of each job, in order, or why its clip cannot be read; a job without work reads no audio."""
    work = [(job,) for job in jobs if job.has_work]
    names = list(dict.fromkeys(name for (job,) in work for name in job.names))
    computed = iter(spread(_compute, work, partial(compile_metrics, names)))
    for job in jobs:
        yield next(computed) if job.has_work else NOT_MADE if job.source is None else NOTHING


def _compute(job: Job) -> Result | str:
    if job.source is None:
        return NOT_MADE
    try:
        audio = job.source()
    except AudioError as error:
        return str(error)
    x, rate = audio.samples, audio.rate
    profiles = Profiles(x, rate)
    findings: dict[str, list[Finding]] = {}
    if job.kinds:
        for row in findings_of(x, rate, kinds=job.kinds, profiles=profiles):
            findings.setdefault(row.kind, []).append(row)
    if COUNT in job.names and (findings or job.findings):
        rows = [row for kind in (job.findings | findings).values() for row in kind]
        profiles[signal.failure_profile] = signal.failure_profile(x, rate, rows)
    about = {"channels": audio.channels, "rate": rate, "duration": audio.duration}
    return Result(about, evaluate(x, rate, job.names, profiles), findings, audio_hash(audio.mono()))
