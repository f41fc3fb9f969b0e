"""Settings are checked when they are made."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mgeval as mg
from mgeval.models import LIMITS


def test_defaults_and_order():
    assert mg.Sampling().asdict() == {
        "temperature": 1.0, "top_k": 250, "top_p": 0.0, "guidance": 3.0, "duration": 10.0, "seed": 0,
        "extend_stride": 18.0,
    }  # fmt: skip
    assert list(LIMITS) == list(mg.Sampling().asdict())


@given(st.floats(0.02, 60))
def test_frames(duration):
    assert mg.Sampling(duration=duration).frames == round(50 * duration)


@pytest.mark.parametrize("name", LIMITS)
def test_each_range_is_stated_and_its_ends_are_valid(name):
    limit = LIMITS[name]
    for value in (limit.low, limit.high):
        assert getattr(mg.Sampling(**{name: value}), name) == value
    for value in (limit.low - 0.01, limit.high * 1.01, float("nan"), float("inf"), "1", None, True, [1]):
        with pytest.raises(mg.SamplingError, match=f"^{name} must be a .*number from {limit.low:g} to .*, got "):
            mg.Sampling(**{name: value})


def test_whole_numbers_are_needed_where_they_are():
    with pytest.raises(mg.SamplingError, match="whole number"):
        mg.Sampling(top_k=2.5)
    assert mg.Sampling(top_k=2.0).top_k == 2 and isinstance(mg.Sampling(top_k=2.0).top_k, int)


def test_numpy_numbers_become_plain_ones():
    sampling = mg.Sampling(seed=np.int64(2**62 + 1), temperature=np.float32(0.5), top_k=np.int16(3))
    assert sampling.seed == 2**62 + 1 and type(sampling.seed) is int and type(sampling.temperature) is float


def test_a_seed_of_63_bits_is_kept():
    assert mg.Sampling(seed=2**63 - 1).seed == 2**63 - 1


def test_settings_cannot_be_changed():
    with pytest.raises(AttributeError):
        mg.Sampling().seed = 1
