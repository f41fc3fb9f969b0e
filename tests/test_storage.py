"""A store that is killed, damaged, merged, written by two: nothing is lost, nothing is there twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from signals import RATE, noise

import mgeval as mg
from mgeval.runs.store import maintenance, parts

AUDIO = mg.Audio(np.stack([noise(0.05, 1), noise(0.05, 2)]) * 0.1, RATE)
CODES = np.arange(8, dtype=np.int16).reshape(4, 2)
NO_CODES = np.zeros((0, 0), np.int16)


def put(store, key, codes=CODES, **row):
    return store.put({"key": key, "model": "m", "seed": 2**60 + 1, **row}, AUDIO, codes)


def failed(key, error="no luck"):
    return {"key": key, "model": "m", "status": "failed", "error": error}


@pytest.fixture
def store(tmp_path):
    """Four clips and one that failed, in five parts."""
    store = mg.Store(tmp_path / "run")
    for key in "abcd":
        store.add_rows([put(store, key, NO_CODES if key == "d" else CODES, elapsed=1.5)])
    store.add_rows([failed("e")])
    return store


def parts_of(store):
    return sorted((store.path / "rows").glob("part-*.parquet"))


def by_key(store):
    return store.table().sort_values("key", ignore_index=True)


def flip(path, place=None):
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if place is None else place] ^= 0x10
    path.write_bytes(data)


# Compaction


def test_compacting_changes_no_row(store):
    store.add_rows([{**put(store, "a"), "elapsed": 2.5, "mood": "calm"}])
    assert len(parts_of(store)) == 6
    labelled = by_key(store)
    store.compact()
    assert len(parts_of(store)) == 1
    pd.testing.assert_frame_equal(by_key(store), labelled, check_dtype=False)
    assert labelled["mood"].tolist()[0] == "calm" and labelled["elapsed"].tolist()[0] == 2.5
    assert labelled["mood"].isna().sum() == 4
    store.compact()
    assert len(parts_of(store)) == 1 and len(store.table()) == 5


def test_parts_are_merged_as_they_become_many(tmp_path):
    store = mg.Store(tmp_path / "run")
    rng = random.Random(0)
    sizes = [rng.choice([1, 7, 50]) for _ in range(300)]
    for part, size in enumerate(sizes):
        store.add_rows([failed(f"{part}-{i}", str(part)) for i in range(size)])
        assert len(parts_of(store)) <= parts.MERGE_ABOVE
    table = store.table()
    assert len(table) == sum(sizes) and table["key"].is_unique
    assert all(key.split("-")[0] == error for key, error in zip(table["key"], table["error"], strict=True))


def test_the_last_row_counts_through_all_merges(tmp_path):
    store = mg.Store(tmp_path / "run")
    for turn in range(3 * parts.MERGE_ABOVE):
        store.add_rows([failed(f"k{turn % 5}", str(turn))])
    newest = {f"k{turn % 5}": str(turn) for turn in range(3 * parts.MERGE_ABOVE)}
    assert store.table().set_index("key")["error"].to_dict() == newest


def test_columns_that_do_not_go_together_stay_in_parts_of_their_own(tmp_path):
    store = mg.Store(tmp_path / "run")
    for year in (1999, "n/a", "old", 2001, None, 2**60 + 1, 0.5):
        store.add_rows([{**failed(f"k{year}"), "year": year}])
    before = by_key(store)
    store.compact()
    # Texts; whole numbers and the gap; a fraction, as a float cannot hold 2**60 + 1.
    assert len(parts_of(store)) == 4
    pd.testing.assert_frame_equal(by_key(store), before)
    store.add_rows([{**failed("x"), "year": 1}, {**failed("y"), "year": "one"}])
    assert store.table().set_index("key")["year"].loc[["x", "y"]].tolist() == [1, "one"]


def test_large_seeds_survive_rows_without_one(store):
    store.add_rows([put(store, "f"), failed("g")])
    store.compact()
    (table,) = parts.read_parts(store.path / "rows").values()
    assert set(table["seed"].to_pylist()) == {2**60 + 1, None} and table["seed"].type == pa.int64()


MERGER = """
import os, signal, sys
import mgeval as mg
step = int(sys.argv[2])
calls = 0

def counted(real):
    def call(*arguments, **options):
        global calls
        calls += 1
        if calls == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)
    return call

from pathlib import Path
from mgeval.runs.store import maintenance, parts
store = mg.Store(sys.argv[1])
for name in ("fsync", "replace"):
    setattr(os, name, counted(getattr(os, name)))
Path.unlink = counted(Path.unlink)
store.compact()
"""


def python(code, *arguments, **options):
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], **options)


def test_a_merge_killed_at_any_step_loses_nothing(store):
    whole = by_key(store)
    steps = 0
    # Flush, rename, flush of the folder, five deletions: each is the last thing that happens once.
    for step in range(1, 20):
        store.compact()
        for path in parts_of(store):
            path.unlink()
        for row in whole.to_dict("records"):
            store.add_rows([row])
        process = python(MERGER, store.path, step)
        if process.wait(120) == 0:
            break
        assert process.returncode == -signal.SIGKILL
        steps += 1
        pd.testing.assert_frame_equal(by_key(store), whole, check_dtype=False)
    assert steps == 8
    assert len(store.gc(age=-1)) == 0 or not list(store.path.rglob(".*"))
    pd.testing.assert_frame_equal(by_key(store), whole, check_dtype=False)


WRITER = """
import sys
import mgeval as mg
from mgeval.runs.store import maintenance, parts
parts.MERGE_ABOVE = 3
store = mg.Store(sys.argv[1])
for i in range(int(sys.argv[3])):
    store.add_rows([{"key": f"{sys.argv[2]}-{i}", "model": "m", "status": "failed", "error": str(i)}])
    print(i, flush=True)
    if i % 7 == 0:
        store.compact()
"""


def test_many_writers_that_merge_each_others_parts_lose_nothing(tmp_path):
    store = mg.Store(tmp_path / "run")
    writers = [python(WRITER, store.path, name, 60, stdout=subprocess.DEVNULL) for name in "pqr"]
    # Whoever reads meanwhile sees rows come and none go.
    seen = 0
    while any(writer.poll() is None for writer in writers):
        table = store.table()
        assert len(table) >= seen and table["key"].is_unique
        seen = len(table)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert set(store.table()["key"]) == {f"{name}-{i}" for name in "pqr" for i in range(60)}


def test_writers_killed_at_random_moments_lose_nothing_that_they_wrote(tmp_path):
    store = mg.Store(tmp_path / "run")
    rng = random.Random(1)
    written = set()
    for turn in range(4):
        process = python(WRITER, store.path, turn, 10_000, stdout=subprocess.PIPE, text=True)
        lines = [process.stdout.readline() for _ in range(rng.randint(1, 25))]
        time.sleep(rng.random() * 0.02)
        process.kill()
        lines += process.communicate()[0].splitlines()
        written |= {f"{turn}-{line.strip()}" for line in lines}
    table = store.table()
    assert table["key"].is_unique and written <= set(table["key"])
    assert set(table["key"]) - written <= {f"{turn}-{i}" for turn in range(4) for i in range(10_000)}
    assert len(set(table["key"]) - written) <= 4


def test_two_writers_of_the_same_clip_leave_one(tmp_path):
    code = """
import sys
sys.path.insert(0, sys.argv[2])
import mgeval as mg
from test_storage import put
store = mg.Store(sys.argv[1])
for turn in range(20):
    store.add_rows([put(store, f"k{turn}")])
"""
    store = mg.Store(tmp_path / "run")
    for writer in [python(code, store.path, os.path.dirname(__file__)) for _ in range(2)]:
        assert writer.wait(120) == 0
    assert len(store.table()) == 20 and store.verify().empty
    assert len(list((store.path / "clips").iterdir())) == 40


def test_who_comes_second_with_a_clip_leaves_the_first(store):
    before = {path: path.read_bytes() for path in store.path.rglob("*") if path.is_file()}
    louder = mg.Audio(AUDIO.samples * 2, RATE)
    row = store.put({"key": "a", "model": "m", "seed": 3, "elapsed": 9.0, "mood": "calm"}, louder, CODES + 1)
    assert {path: path.read_bytes() for path in store.path.rglob("*") if path.is_file()} == before
    # Labels are the caller's; how the clip was made is the first one's.
    assert row["mood"] == "calm" and row["elapsed"] == 1.5 and row["peak"] == AUDIO.peak


def test_a_clip_with_a_damaged_record_can_be_put_again(store):
    store.file("a", "record").write_text("{")
    put(store, "a", elapsed=2.5)
    assert store.verify().empty


# Damage


def test_a_whole_store_has_no_damage(store):
    assert store.verify().empty and store.verify().columns.tolist() == ["key", "file", "problem"]


@pytest.mark.parametrize("file", ["clips/a.flac", "codes/a.npz", "clips/a.json"])
def test_every_flipped_byte_is_found(store, file):
    path = store.path / file
    data = path.read_bytes()
    for place in range(0, len(data), max(1, len(data) // 40)):
        flip(path, place)
        assert store.verify()["file"].tolist() == [file], place
        path.write_bytes(data)
    assert store.verify().empty


def test_every_flipped_byte_of_a_part_is_found(store):
    path = parts_of(store)[0]
    data = path.read_bytes()
    for place in range(0, len(data), 101):
        flip(path, place)
        assert store.verify()["file"].tolist() == [f"rows/{path.name}"]
        with pytest.raises(mg.StoreError, match=path.name):
            store.table()
        path.write_bytes(data)
    assert len(store.table()) == 5


def test_damage_is_named_and_what_is_discarded_can_be_made_again(store):
    whole = by_key(store)
    audio = store.file("a")
    audio.write_bytes(audio.read_bytes()[:-100])
    store.file("b", "record").write_bytes(store.file("b", "record").read_bytes()[:40])
    store.file("c", "codes").unlink()
    store.file("d").unlink()
    part = parts_of(store)[2]
    flip(part)
    damage = store.verify().set_index("file")
    assert damage["problem"].drop(f"rows/{part.name}").to_dict() == {
        "clips/a.flac": "changed since it was written",
        "clips/b.json": "changed since it was written",
        "codes/c.npz": "missing",
        "clips/d.flac": "missing",
    }
    assert damage.loc[f"rows/{part.name}", "key"] == "" and damage.loc["codes/c.npz", "key"] == "c"
    store.discard(store.verify())
    assert store.verify().empty and store.table()["key"].tolist() == ["e"]
    assert not [path for path in store.path.glob("c*/*")]
    for key in "abcd":
        put(store, key, NO_CODES if key == "d" else CODES, elapsed=1.5)
    pd.testing.assert_frame_equal(by_key(store)[whole.columns], whole, check_dtype=False)


def test_a_damaged_part_is_not_merged_and_its_neighbours_keep_their_order(store):
    store.add_rows([failed("e", "second")])
    store.add_rows([failed("e", "third")])
    flip(parts_of(store)[-2])
    store.compact()
    assert len(parts_of(store)) == 3
    store.discard(store.verify())
    assert store.table().set_index("key")["error"]["e"] == "third"


def test_a_link_to_nowhere_is_damage_and_no_endless_search(store):
    (store.path / "rows" / "part-9.parquet").symlink_to("nowhere")
    with pytest.raises(mg.StoreError, match="broken link"):
        store.table()
    assert store.verify()["problem"].tolist() == ["a broken link"]
    store.discard(store.verify())
    assert len(store.table()) == 5


def test_another_clips_record_is_damage(store):
    store.file("a", "record").write_bytes(store.file("b", "record").read_bytes())
    assert store.verify()["key"].tolist() == ["a"]


def test_reindexing_builds_the_tables_from_the_records(store):
    whole = by_key(store)
    store.add_rows([{**whole.iloc[0].to_dict(), "peak": 99.0}])
    flip(parts_of(store)[1])
    table = store.reindex()
    assert len(parts_of(store)) == 1
    pd.testing.assert_frame_equal(table.sort_values("key", ignore_index=True)[whole.columns], whole, check_dtype=False)
    put(store, "e")
    assert store.reindex()["status"].tolist() == ["done"] * 5
    store.file("a", "record").write_text("{")
    for path in parts_of(store):
        path.unlink()
    with pytest.raises(mg.StoreError, match=r"a\.json: damaged"):
        store.reindex()
    store.discard(store.verify())
    assert set(store.reindex()["key"]) == set("bcde")


# Merging and clearing up


def test_merging_takes_what_is_not_there(store, tmp_path):
    other = mg.Store(tmp_path / "other")
    other.add_rows([put(other, "a", mood="theirs"), put(other, "e"), put(other, "x"), failed("b"), failed("y")])
    put(other, "z")
    mine = store.file("a", "record").read_bytes()
    before = {path: path.read_bytes() for path in other.path.rglob("*") if path.is_file()}
    came = store.merge(other)
    assert sorted(came["key"]) == ["e", "x", "y", "z"]
    status = store.table().set_index("key")["status"].to_dict()
    assert status == {**dict.fromkeys("abcdexz", "done"), "y": "failed"}
    assert store.verify().empty and store.file("a", "record").read_bytes() == mine
    assert np.array_equal(store.codes("x"), CODES)
    assert store.file("x").read_bytes() == other.file("x").read_bytes()
    assert store.merge(other).empty
    assert before == {path: path.read_bytes() for path in other.path.rglob("*") if path.is_file()}


def test_merging_leaves_damage_behind(store, tmp_path):
    into = mg.Store(tmp_path / "into")
    flip(store.file("b"))
    with pytest.warns(UserWarning, match="1 damaged clips were left out, the first is b"):
        assert sorted(into.merge(store)["key"]) == ["a", "c", "d", "e"]
    assert into.verify().empty


def test_merging_leaves_what_a_run_makes_meanwhile(store, tmp_path, monkeypatch):
    into = mg.Store(tmp_path / "into")
    louder = mg.Audio(AUDIO.samples * 2, RATE)

    def damage(folder, key, look=maintenance.clip_damage):
        # Between the merge's look at the clip and its copy, a run here makes the same one.
        if key == "b" and key not in into:
            into.put({"key": key, "model": "m"}, louder, CODES)
        return look(folder, key)

    monkeypatch.setattr(maintenance, "clip_damage", damage)
    assert sorted(into.merge(store)["key"]) == ["a", "c", "d", "e"]
    assert into.verify().empty and into.audio("b").peak == pytest.approx(louder.peak, abs=1e-6)
    assert sorted(into.table()["key"]) == list("abcde")


def test_what_cannot_be_merged(store, tmp_path):
    with pytest.raises(mg.StoreError, match="merged with itself"):
        store.merge(mg.Store(tmp_path / "x" / ".." / "run"))
    with pytest.raises(mg.StoreError, match="holds no clips to merge"):
        store.merge(mg.Store(tmp_path / "nowhere"))


def test_clearing_up_takes_leftovers_only(store):
    before = {path for path in store.path.rglob("*") if path.is_file()}
    (store.path / "clips" / "orphan.flac").write_bytes(b"1234")
    (store.path / "codes" / "orphan.npz").write_bytes(b"12")
    (store.path / "rows" / f".part-1.parquet.{'0' * 16}.part").write_bytes(b"")
    (store.path / ".hidden.part").write_bytes(b"the user's own")
    assert store.gc().empty
    gone = store.gc(age=-1)
    assert gone.set_index("file")["bytes"].to_dict() == {
        "clips/orphan.flac": 4,
        "codes/orphan.npz": 2,
        f"rows/.part-1.parquet.{'0' * 16}.part": 0,
    }
    assert {path for path in store.path.rglob("*") if path.is_file()} == before | {store.path / ".hidden.part"}


def test_a_store_that_is_not_there_yet(tmp_path):
    store = mg.Store(tmp_path / "run")
    store.compact()
    assert store.verify().empty and store.gc().empty and store.reindex().empty and store.keys() == set()
    assert store.status()["done"] == 0 and not store.path.exists()


def test_the_status_counts(store):
    status = store.status()
    assert (status["done"], status["failed"], status["parts"], status["schema"]) == (4, 1, 5, 2)
    assert status["models"] == {"m": 4} and status["errors"] == {"no luck": 1}
    assert status["audio_seconds"] == pytest.approx(0.2)
    files = [path for folder in ("clips", "codes") for path in (store.path / folder).iterdir()]
    assert status["bytes"] == sum(path.stat().st_size for path in files)
    # Of a run at work names vanish between two looks; a link to nowhere does so each time.
    (store.path / "clips" / f".e.flac.{'0' * 16}.part").symlink_to("nowhere")
    assert store.status() == status


# Schemas


def old_store(path):
    """A store as the first schema wrote it: no hashes, no check sums, parts by pandas."""
    store = mg.Store(path)
    rows = [put(store, "a"), put(store, "b", NO_CODES)]
    for row in rows:
        store.file(row["key"], "record").write_text(json.dumps(row))
    (store.path / "rows").mkdir()
    pd.DataFrame(rows[:1]).to_parquet(store.path / "rows" / "part-00000000000000000001-77.parquet", index=False)
    (store.path / "manifest.json").write_text('{"kind": "mgeval store", "schema": 1}')
    return mg.Store(path)


def test_the_first_schema_is_read_and_becomes_the_second_with_the_first_write(tmp_path):
    store = old_store(tmp_path / "run")
    assert sorted(store.table()["key"]) == ["a", "b"] and store.verify().empty
    assert store.status()["schema"] == 1
    store.add_rows([put(store, "c")])
    store.compact()
    assert store.status()["schema"] == 2 and sorted(store.table()["key"]) == ["a", "b", "c"]
    assert len(parts_of(store)) == 1 and store.verify().empty


def test_damage_in_the_first_schema(tmp_path):
    store = old_store(tmp_path / "run")
    store.file("a").write_bytes(store.file("a").read_bytes()[:200])
    data = store.file("a", "codes").read_bytes()
    flip(store.file("a", "codes"), data.index(b"NUMPY") + 3 if b"NUMPY" in data else 60)
    store.file("b").write_bytes(b"")
    assert store.verify()["file"].tolist() == ["clips/a.flac", "codes/a.npz", "clips/b.flac"]
    audio = mg.Audio(AUDIO.samples[:, :-1], RATE)
    mg.save_audio(audio, store.file("b"))
    assert store.verify().set_index("file")["problem"]["clips/b.flac"] == "shape or rate differ from its record"


@pytest.mark.parametrize("schema", ["3", "99"])
def test_a_newer_schema_says_what_to_do(tmp_path, schema):
    (tmp_path / "manifest.json").write_text(f'{{"schema": {schema}}}')
    with pytest.raises(mg.StoreError, match=f"has schema {schema}, .* reads up to 2: update mgeval"):
        mg.Store(tmp_path)


@pytest.mark.parametrize("schema", ["0", "-1", "1.0", "true", '"1"', "null", "[]"])
def test_a_schema_that_none_can_be(tmp_path, schema):
    (tmp_path / "manifest.json").write_text(f'{{"schema": {schema}}}')
    with pytest.raises(mg.StoreError, match="manifest.json: damaged"):
        mg.Store(tmp_path)
