"""The studio, driven by its callbacks."""

import io

import numpy as np
import pytest
import soundfile
from signals import RATE, tone

import mgeval as mg
from mgeval.models import LIMITS, Generated


@pytest.fixture
def studio():
    studio = mg.panels.studio("synth")
    studio.settings["duration"].value = 1
    return studio


def test_it_begins_with_the_default_settings(studio):
    assert studio.sampling == mg.Sampling(duration=1)
    assert set(studio.settings) == set(LIMITS)
    assert studio.value is None and studio.result.children == ()


def test_every_position_of_every_slider_is_valid(studio):
    for name, slider in studio.settings.items():
        for value in (slider.min, slider.max):
            slider.value = value
            assert getattr(studio.sampling, name) == pytest.approx(value)


def test_the_button_makes_shows_and_measures_a_clip(studio):
    studio.prompt.value = "piano, panned hard to the left"
    studio.button.click()
    assert studio.value.audio.duration == 1
    assert studio.player.value[:4] == b"RIFF" and studio.player.format == "wav"
    assert studio.scope.value[:4] == b"\x89PNG"
    assert len(studio.result.children) == 2 and not studio.button.disabled
    # A wholly left clip has no correlation: the table says why.
    assert "one channel is silent" in studio.table.value and "Image angle" in studio.table.value


def test_it_leaves_the_notebooks_figures_alone(studio):
    import matplotlib.pyplot as plt

    figure, _ = plt.subplots()
    before = plt.get_fignums()
    studio.generate()
    assert plt.get_fignums() == before and plt.gcf() is figure
    plt.close(figure)


def test_the_value_can_be_observed(studio):
    seen = []
    studio.observe(lambda change: seen.append(change["new"].audio.duration), "value")
    studio.generate()
    assert seen == [1.0]


def test_an_error_is_shown_as_text_and_the_button_lives_on(studio):
    def stream(requests):
        yield 0, mg.ModelError("<b>broken</b>")

    studio.model.stream = stream
    studio.button.click()
    assert "&lt;b&gt;broken" in studio.status.value and not studio.button.disabled
    assert studio.value is None


def test_any_other_failure_is_shown_and_the_last_clip_goes(studio):
    studio.generate()
    studio.model.stream = lambda requests: 1 / 0
    studio.button.click()
    assert "ZeroDivisionError" in studio.status.value and studio.result.children == ()


@pytest.mark.parametrize("peak", [0.5, 1.7])
def test_playing_is_of_the_original_samples_at_their_level(studio, peak):
    def stream(requests):
        yield 0, Generated(mg.Audio(np.stack([tone(0.5, level=peak)] * 2), RATE))

    studio.model.stream = stream
    studio.generate()
    # As a browser reads it, without our own loader.
    played, _ = soundfile.read(io.BytesIO(studio.player.value), dtype="float32")
    assert np.array_equal(played.T, studio.value.audio.samples)
