"""The studio, driven by its callbacks."""

import numpy as np
import pytest

import mgeval as mg
from mgeval.models import LIMITS


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
    assert studio.player.value[:4] == b"fLaC" and studio.player.format == "flac"
    assert studio.scope.value[:4] == b"\x89PNG"
    assert len(studio.result.children) == 2 and not studio.button.disabled
    # A wholly left clip has no correlation: the table says why.
    assert "one channel is silent" in studio.table.value and "Image angle" in studio.table.value


def test_it_leaves_the_notebooks_figures_alone(studio):
    import matplotlib.pyplot as plt

    figure, _ = plt.subplots()
    studio.generate()
    assert plt.get_fignums() == [figure.number]
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


def test_playing_is_of_the_original_samples(studio, tmp_path):
    studio.generate()
    (tmp_path / "played.flac").write_bytes(studio.player.value)
    played = mg.load_audio(tmp_path / "played.flac")
    assert np.abs(played.samples - studio.value.audio.samples).max() <= 2.0**-22
