"""Errors of the stereo measures on `stereo_clips`, whose true values are known.

    python tests/reference/stereo_truth.py

writes docs/stereo-truth.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mgeval.metrics import METRICS, evaluate

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from reference.stereo_clips import RATES, SCENES, Case

AIMS = {
    "image_angle": 1, "time_difference_ms": 0.25, "correlation": 0.02, "ambience": 0.03, "correlation_low": 0.1,
    "antiphase_share": 0.03, "width": 0.01, "side_mid_db": 0.2, "balance_db": 0.2, "mono_loss_db": 0.2,
    "coherence": 0.03, "iacc": 0.03, "pan_mean": 0.02, "pan_spread": 0.02, "width_low": 0.02, "width_mid": 0.02,
    "width_high": 0.02, "width_std": 0.02, "width_drift": 0.02, "dual_mono": 0,
}  # fmt: skip
"""Largest permitted error, in the unit of the measure; for `time_difference_ms` in samples."""


class Reading(NamedTuple):
    """One measure of one clip; ``error`` in the unit of `AIMS`."""

    measure: str
    scene: str
    source: str
    rate: int
    true: float
    estimated: float
    error: float


def readings(cases: Iterable[Case]) -> Iterator[Reading]:
    """Measure clips."""
    for case in cases:
        values = evaluate(case.x, case.rate, case.truth)
        for name, true in case.truth.items():
            value = float(values[name])
            error = 0.0 if np.isnan(true) and np.isnan(value) else abs(value - true)
            if name == "image_angle":
                error = min(error, 180 - error)
            if name == "time_difference_ms":
                error *= case.rate / 1000
            yield Reading(name, case.scene, case.source, case.rate, true, value, np.inf if np.isnan(error) else error)


HEAD = """# Stereo measures against ground truth

Made by `python tests/reference/stereo_truth.py`; do not edit. Clips of 10 s whose stereo image is known by
construction, all seeded; `tests/metrics/test_stereo_truth.py` tests that errors stay within the aims (for a third of
the delays). Errors are in the unit of the measure, for `time_difference_ms` in samples. If a measure must be undefined
and is, this is not an error. Sources are white and pink noise, a tone of 20 harmonics with vibrato, and noise with the
formants and syllables of speech; delays also use noise of 800-1200 Hz and 8-12 kHz, at 32 and 44.1 kHz.

| measure | scene | clips | worst: source | true | estimated | largest error | mean error | aim |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def table(readings: list[Reading]) -> str:
    """Return the rows of the table, by measure and scene."""
    rows = []
    for name in (name for name in METRICS if name in AIMS):
        for scene in dict.fromkeys(reading.scene for reading in readings if reading.measure == name):
            group = [reading for reading in readings if (reading.measure, reading.scene) == (name, scene)]
            worst = max(group, key=lambda reading: reading.error)
            mean = np.mean([reading.error for reading in group])
            source = worst.source if worst.rate == RATES[0] else f"{worst.source}, {worst.rate / 1000:g} kHz"
            # Rounding and adding 0 avoids a negative zero.
            numbers = (f"{round(v, 4) + 0:.4f}" for v in (worst.true, worst.estimated, worst.error, mean))
            rows.append(f"| `{name}` | {scene} | {len(group)} | {source} | {' | '.join(numbers)} | {AIMS[name]:g} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    """Write docs/stereo-truth.md."""
    text = HEAD + table([reading for scene in SCENES for reading in readings(scene())])
    (Path(__file__).parents[2] / "docs" / "stereo-truth.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
