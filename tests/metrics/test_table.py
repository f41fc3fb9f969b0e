"""METRICS is the only list of metrics: its rows match the functions, and README's table comes from it."""

import importlib.util
import inspect
from pathlib import Path

import numpy as np
import pytest
from signals import RATE, tone

from mgeval.errors import MetricError
from mgeval.metrics import (
    METRICS,
    TEXT,
    TOKENS,
    columns,
    find_metric,
    metric_names,
    signal,
    similarity,
    spectrum,
    stereo,
    tokens,
)
from mgeval.metrics.music import harmony, rhythm
from mgeval.metrics.stereo import spatial, widths

# `clap_rank` compares a clip with a set of prompts.
HELPERS = {
    *("profile", "key_name", "repeated", "curves", "by_codebook", "codebook_usage", "side_information"),
    *("clap_rank", "chance", "failure_profile"),
}


def chord(seconds):
    """Return three tones that begin twice a second, in mono: every measure except those of stereo is defined."""
    tones = sum(tone(seconds, hertz, 0.1) for hertz in (261.6, 329.6, 392.0))
    return (tones * (np.arange(len(tones)) // (RATE // 4) % 2))[None]


def test_every_public_measure_is_a_row_and_every_row_a_public_measure():
    public = {
        name
        for module in (stereo, spatial, widths, signal, spectrum, rhythm, harmony, similarity, tokens)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_") and name not in HELPERS
    }
    assert public == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_a_row_fits_its_function(name):
    row = METRICS[name]
    assert row.name == name == row.function.__name__
    assert row.timed == ("rate" in inspect.signature(row.function).parameters)
    assert row.low < row.high and row.better in ("higher", "lower", "")
    assert row.label and row.meaning and not row.meaning.endswith(".") and not row.caveat.endswith(".")
    # Each row is read on its own.
    assert not row.meaning.startswith("the same") and not row.caveat.startswith("the same")
    text = inspect.getdoc(row.function)
    for part in ("Parameters", "Returns"):
        assert part in text, f"{name}: the docstring has no {part}"
    if row.channels == "text":
        assert np.isnan(row.function(np.zeros((1, 4)), np.ones(4)))
        return
    if row.channels == "tokens":
        assert np.isnan(row.function(tokens.Tokens(np.zeros((0, 0), int))))
        return
    mono = row.function(chord(4.0), *([RATE] if row.timed else []))
    assert np.isnan(mono) == (row.channels == "stereo")


def test_choosing_metrics():
    assert metric_names(None) == metric_names("all") == [name for name in METRICS if name not in TEXT + TOKENS]
    assert metric_names(["all", "clap:tiny", "width"]) == [*metric_names(), "clap:tiny"]
    assert metric_names("width") == ["width"]
    with pytest.raises(MetricError, match="did you mean 'width'"):
        metric_names(["widht"])
    with pytest.raises(MetricError, match="token_table"):
        metric_names("entropy")
    for name in ("clap", "clap_min", "clap:"):
        with pytest.raises(MetricError, match="needs a checkpoint: 'clap:tiny'"):
            metric_names(name)


def test_columns_of_checkpoints_belong_to_their_metric():
    assert find_metric("clap:tiny").label == "CLAP score (tiny)" and find_metric("clap:tiny").name == "clap"
    assert find_metric("width").label == "Stereo width"
    assert [find_metric(name) for name in ("clap", "width:tiny", "prompt", "nothing:tiny")] == [None] * 4
    assert columns(["key", "clap_min:b", "clap:b", 3, "clap", "width"]) == ["width", "clap:b", "clap_min:b"]


def test_readme_has_the_table_of_the_rows(monkeypatch, tmp_path):
    path = Path(__file__).parents[2] / "docs/make_metrics_table.py"
    spec = importlib.util.spec_from_file_location("make_metrics_table", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = module.README.read_text(encoding="utf-8")
    assert module.insert_table(page) == page, "README.md: run `make tables`"
    assert all(f"| `{name}` |" in page for name in METRICS)
    # A stale page fails the check, and the script mends it.
    stale = tmp_path / "README.md"
    stale.write_text(page.replace("| `width` |", "| `with` |"), encoding="utf-8")
    monkeypatch.setattr(module, "README", stale)
    monkeypatch.setattr("sys.argv", ["make_metrics_table.py", "--check"])
    with pytest.raises(SystemExit, match="make tables"):
        module.main()
    monkeypatch.setattr("sys.argv", ["make_metrics_table.py"])
    module.main()
    assert stale.read_text(encoding="utf-8") == page
