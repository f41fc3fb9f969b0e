"""A run's folder: the order of writes, and the errors of invalid and damaged folders."""

import contextlib
import json

import numpy as np
import pytest
from signals import RATE, noise

import mgeval as mg
from mgeval.runs.store import is_store
from mgeval.runs.store.keys import clip_key
from mgeval.runs.sweep_file import load_sweep

SETTINGS = mg.Sampling().asdict()


def make_clip(peak=0.5):
    samples = np.stack([noise(0.1, 1), noise(0.1, 2)])
    return mg.Audio(samples * (peak / np.abs(samples).max()), RATE)


def put(store, key="a", peak=0.5, codes=None):
    return store.put(
        {"key": key, "model": "m"}, make_clip(peak), np.zeros((0, 0), np.int16) if codes is None else codes
    )


def test_the_key_never_changes():
    assert clip_key("synth", "1", "warm piano", SETTINGS) == "3f5c20cf94bc62f36726"


def test_the_key_changes_with_everything_that_changes_the_sound():
    base = ("m", "r", "p", SETTINGS)
    keys = [clip_key(*base), clip_key("n", *base[1:]), clip_key("m", "s", *base[2:]), clip_key("m", "r", "q", SETTINGS)]
    changed = {
        "temperature": 0.5,
        "top_k": 1,
        "top_p": 0.5,
        "guidance": 2,
        "duration": 1,
        "seed": 1,
        "extend_stride": 9,
    }
    assert set(changed) == set(SETTINGS)
    keys += [clip_key("m", "r", "p", mg.Sampling(**{name: value}).asdict()) for name, value in changed.items()]
    keys += [
        clip_key(*base, audio_prompt=make_clip()),
        clip_key(*base, melody=make_clip()),
        clip_key(*base, melody=make_clip(0.4)),
    ]
    assert len(set(keys)) == len(keys)
    # 3 and 3.0 are the same setting.
    assert clip_key("m", "r", "p", mg.Sampling(guidance=3).asdict()) == clip_key(*base)


def test_nothing_is_written_before_the_first_clip(tmp_path):
    store = mg.Store(tmp_path / "run")
    assert len(store.table()) == 0 and not (tmp_path / "run").exists()


def test_a_clip_comes_back_as_it_was(tmp_path):
    store = mg.Store(tmp_path / "run")
    codes = np.arange(8, dtype=np.int16).reshape(4, 2)
    row = put(store, peak=1.7, codes=codes)
    assert "a" in store and "b" not in store
    assert np.abs(store.audio("a").samples - make_clip(1.7).samples).max() <= 2.0**-22
    assert np.array_equal(store.codes("a"), codes) and store.codes("a").dtype == np.int16
    assert store.codes("b").shape == (0, 0)
    assert row["peak"] == pytest.approx(1.7) and row["gain"] == 2 and row["path"] == "clips/a.flac"
    written = {p.relative_to(store.path).as_posix() for p in store.path.rglob("*") if p.is_file()}
    assert written == {"manifest.json", "clips/a.flac", "clips/a.json", "codes/a.npz"}


def test_predictions_are_stored_with_their_codes(tmp_path):
    store = mg.Store(tmp_path / "run")
    codes = np.arange(8, dtype=np.int16).reshape(4, 2)
    entropy = np.array([[np.nan, 1.5]] * 4, np.float32)
    store.put({"key": "a"}, make_clip(), codes, {"entropy": entropy})
    put(store, "b", codes=codes)
    assert np.array_equal(store.codes("a"), codes) and list(store.predictions("a")) == ["entropy"]
    assert np.array_equal(store.predictions("a")["entropy"], entropy, equal_nan=True)
    assert store.predictions("b") == store.predictions("none") == {}
    assert len(list((store.path / "codes").iterdir())) == 2


def test_the_record_is_written_last(tmp_path, monkeypatch):
    from mgeval.runs.store import clips, layout

    order = []
    real = clips.write_atomic
    for writer in (clips, layout):
        monkeypatch.setattr(writer, "write_atomic", lambda path, data: order.append(path.name) or real(path, data))
    put(mg.Store(tmp_path / "run"), codes=np.ones((1, 1), np.int16))
    assert order == ["manifest.json", "a.flac", "a.npz", "a.json"]


def test_rows_and_records_make_one_table(tmp_path):
    store = mg.Store(tmp_path / "run")
    store.add_rows([put(store, "a"), {"key": "b", "model": "m", "status": "failed", "error": "no luck"}])
    put(store, "c")
    table = store.table().set_index("key")
    assert table["status"].to_dict() == {"a": "done", "b": "failed", "c": "done"}
    store.add_rows([put(store, "b")])
    assert store.table().set_index("key")["status"].to_dict() == {"a": "done", "b": "done", "c": "done"}
    store.file("a", "record").unlink()
    assert set(store.table()["key"]) == {"b", "c"}


def test_records_replace_lost_parts(tmp_path):
    store = mg.Store(tmp_path / "run")
    store.add_rows([put(store, "a"), put(store, "b")])
    for part in (store.path / "rows").iterdir():
        part.unlink()
    assert sorted(store.table()["key"]) == ["a", "b"]


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    store = mg.Store("~/run")
    store.add_rows([put(store, "a")])
    assert store.path == tmp_path / "run" and is_store("~/run") and not (tmp_path / "~").exists()
    table = mg.measure("~/run", metrics="width", progress=False)
    assert len(table) == 1 and len(mg.measure(["~/run/clips/a.flac"], metrics="width", progress=False)) == 1
    mg.save_audio(mg.load_audio("~/run/clips/a.flac"), "~/b.wav")
    (tmp_path / "sweep.yaml").write_text("models: [synth]\nprompts: [calm piano]\n")
    assert (tmp_path / "b.wav").is_file() and len(load_sweep("~/sweep.yaml").plan()) == 1
    # The tilde of an unknown user is not expanded.
    assert mg.Store("~nobody-here/run").path.parts[0] == "~nobody-here"


def test_a_folder_with_other_files_cannot_be_a_store(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(mg.StoreError, match="holds other files"):
        mg.Store(tmp_path)
    with pytest.raises(mg.StoreError, match="is a file"):
        mg.Store(tmp_path / "thesis.tex")


@pytest.mark.parametrize(("text", "reason"), [("{", "damaged"), ("[]", "damaged"), ('{"schema": 99}', "schema 99")])
def test_an_unreadable_manifest(tmp_path, text, reason):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(mg.StoreError, match=reason):
        mg.Store(tmp_path)


def test_damaged_files_are_named(tmp_path):
    store = mg.Store(tmp_path / "run")
    store.add_rows([put(store, "a", codes=np.ones((1, 1), np.int16))])
    store.file("a", "codes").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(mg.StoreError, match=r"a\.npz: damaged"):
        store.codes("a")
    with pytest.raises(mg.StoreError, match=r"a\.npz: damaged"):
        store.predictions("a")
    store.put({"key": "b"}, store.audio("a"), np.ones((8, 50), np.int16))
    whole = bytearray(store.file("b", "codes").read_bytes())
    for place in range(0, len(whole), 3):
        store.file("b", "codes").write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        # Unread bytes may have any value, but every error is a StoreError.
        with contextlib.suppress(mg.StoreError):
            store.codes("b")
    store.file("b", "codes").write_bytes(b"")
    with pytest.raises(mg.StoreError, match=r"b\.npz: damaged"):
        store.codes("b")
    store.file("a").write_bytes(store.file("a").read_bytes()[:200])
    with pytest.raises(mg.AudioError, match=r"a\.flac"):
        store.audio("a")
    part = next((store.path / "rows").iterdir())
    part.write_bytes(b"PAR1 broken")
    with pytest.raises(mg.StoreError, match=part.name):
        store.table()
    part.unlink()
    store.file("a", "record").write_text(json.dumps({"key": "a"})[:5])
    with pytest.raises(mg.StoreError, match=r"a\.json: damaged"):
        store.table()
