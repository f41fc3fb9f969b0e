"""Stereo measures meet the aims of docs/stereo-truth.md on clips whose values are known by construction."""

import re
from pathlib import Path

import numpy as np
import pytest
from reference.stereo_clips import DELAYS, RATES, SCENES, delays, index, panned, responses, source
from reference.stereo_truth import AIMS, readings

from mgeval.metrics import METRICS
from mgeval.metrics.stereo import spatial

DOCUMENT = Path(__file__).parents[2] / "docs" / "stereo-truth.md"


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_every_reading_of_a_scene_is_within_its_aim(scene):
    # Only a third of the delays, which have 540 clips.
    found = list(readings(delays(DELAYS[::3]) if scene is delays else scene()))
    assert found
    far = [reading for reading in found if not reading.error <= AIMS[reading.measure]]
    assert not far, far[:5]


def test_the_document_has_every_stereo_measure_and_the_aims_of_the_tests():
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([\d.]+) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name for name, _ in rows} == {name for name, row in METRICS.items() if row.channels == "stereo"}
    assert all(float(aim) == AIMS[name] for name, aim in rows)


def test_spread_grows_with_the_angle_between_two_talkers():
    spreads = [
        spatial.pan_spread(panned(source("talk", 4), -t) + panned(source("talk", 5), t), RATES[0])
        for t in range(0, 45, 5)
    ]
    assert (np.diff(spreads) > 0).all()
    assert spreads[0] == pytest.approx(0, abs=1e-3)


def test_more_reverberation_is_less_coherent_and_more_ambient():
    from scipy.signal import fftconvolve

    values = []
    for absorption in (0.95, 0.8, 0.5, 0.2):
        x = fftconvolve(source("white", 9)[None], responses(np.array([4.5, 1.0, 1.6]), absorption), axes=1)
        values.append(spatial.coherence(x, RATES[0]))
    assert (np.diff(values) < 0).all()


def test_the_panning_index_of_the_truth_is_that_of_the_paper():
    for t in (-45, -20, 0, 10, 45):
        left, right = np.cos(np.radians(t + 45)), np.sin(np.radians(t + 45))
        similarity = 2 * left * right / (left**2 + right**2)
        assert index(t) == pytest.approx((1 - similarity) * np.sign(right - left), abs=1e-12)


def test_sources_are_seeded_and_apart():
    assert (source("talk", 1) == source("talk", 1)).all()
    assert abs(np.corrcoef(source("talk", 1), source("talk", 2))[0, 1]) < 0.1


def test_the_direct_sound_of_a_room_comes_from_where_the_source_is():
    (left, right) = responses(np.array([3.0, 2.9, 1.5]), absorption=1.0)
    assert left.argmax() == pytest.approx(0.5 / 343 * RATES[0], abs=1)
    assert right.argmax() == pytest.approx(0.3 / 343 * RATES[0], abs=1)
