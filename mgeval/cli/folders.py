"""The verbs of the shell that look at the folders of runs: how they stand, what is damaged, what differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mgeval.errors import MgevalError

commands = typer.Typer()

SHOWN_CLIPS = 10

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a script to read.")]
Run = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")]


def store_of(folder: Path) -> Any:
    """Return the store in a folder, which must be a run's."""
    from mgeval import Store
    from mgeval.runs import is_store

    if not is_store(folder):
        raise MgevalError(f"{folder}: is no run; mgeval run SWEEP.yaml --out {folder} makes one")
    return Store(folder)


@commands.command()
def status(folder: Run, as_json: Json = False) -> None:
    """Say what a run holds and lacks: clips, failures and their errors, seconds of audio, bytes."""
    found = store_of(folder).status()
    if as_json:
        print(json.dumps(found))
        return
    print(f"{found['done']} clips are in {folder}, {found['failed']} failed")
    if found["planned"] > found["planned_done"]:
        missing = found["planned"] - found["planned_done"]
        print(f"{missing} of {found['planned']} planned are missing; mgeval resume {folder} makes them")
    for model, clips in found["models"].items():
        print(f"  {clips} by {model}")
    for error, clips in found["errors"].items():
        print(f"  {clips} failed with {' '.join(error.split())}")
    print(f"{found['audio_seconds']:.1f} s of audio in {found['bytes'] / 1e6:.1f} MB")


@commands.command()
def verify(
    folder: Run,
    discard: Annotated[bool, typer.Option("--discard", help="Delete what is damaged; a run makes it anew.")] = False,
    as_json: Json = False,
) -> None:
    """Read every file of a run again and say which are damaged; exit code 1 if any is."""
    store = store_of(folder)
    damage = store.verify()
    if discard:
        store.discard(damage)
    if as_json:
        print(damage.to_json(orient="records"))
    else:
        for file, problem in zip(damage["file"], damage["problem"], strict=True):
            print(f"{file}: {problem}")
        if damage.empty:
            print(f"{folder}: nothing is damaged")
        elif discard:
            print(f"{len(damage)} damaged; their clips are discarded, and running the same sweep makes them anew")
        else:
            print(f"{len(damage)} damaged; mgeval verify {folder} --discard deletes them, for a run to make anew")
    if len(damage):
        raise typer.Exit(1)


@commands.command()
def diff(
    a: Annotated[Path, typer.Argument(metavar="RUN_A", help="Folder of a run.")],
    b: Annotated[Path, typer.Argument(metavar="RUN_B", help="Folder of another.")],
    as_json: Json = False,
) -> None:
    """Say what two runs differ in: settings, versions, devices, clips; exit code 1 if in anything."""
    from mgeval import diff as differences

    found = differences(store_of(a), store_of(b))
    if as_json:
        print(found.to_json(orient="records"))
    elif found.empty:
        print(f"{a} and {b} hold the same clips, made by the same")
    else:
        clips = found["what"].isin(["audio", "codes", "predictions"])
        shown = found[~clips | (clips.cumsum() <= SHOWN_CLIPS)].copy()
        shown.loc[clips, ["a", "b"]] = shown.loc[clips, ["a", "b"]].map(lambda text: text[:12])
        print(shown.rename(columns={"a": str(a), "b": str(b)}).to_string(index=False))
        if more := len(found) - len(shown):
            print(f"and {more} clips more, which --json lists")
    if len(found):
        raise typer.Exit(1)
