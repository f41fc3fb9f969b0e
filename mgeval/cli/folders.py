"""The commands that check the folders of runs: how far they are, what is damaged, what differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

import mgeval
from mgeval.cli.help import COMPARE, KEEP
from mgeval.errors import MgevalError

commands = typer.Typer()

SHOWN_CLIPS = 10
"""Clips that differ which a difference prints; --json prints all."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Run = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")]


def store_of(folder: Path) -> mgeval.Store:
    """Return the store in a folder; raise if the folder does not hold a run."""
    from mgeval.runs import is_store

    if not is_store(folder):
        raise MgevalError(f"{folder}: not the folder of a run; mgeval run SWEEP.yaml --out {folder} makes one")
    return mgeval.Store(folder)


@commands.command(rich_help_panel=KEEP)
def status(folder: Run, as_json: Json = False) -> None:
    """Print what a run has and what is missing: clips by model, failures and their errors, seconds of audio, bytes."""
    state = store_of(folder).status()
    if as_json:
        print(json.dumps(state))
        return
    print(f"{state['done']} clips are in {folder}, {state['failed']} failed")
    if state["planned"] > state["planned_done"]:
        missing = state["planned"] - state["planned_done"]
        print(f"{missing} of {state['planned']} planned clips are missing; mgeval resume {folder} makes them")
    for model, clips in state["models"].items():
        print(f"  {clips} by {model}")
    for error, clips in state["errors"].items():
        print(f"  {clips} failed with {' '.join(error.split())}")
    print(f"{state['audio_seconds']:.1f} s of audio in {state['bytes'] / 1e6:.1f} MB")


@commands.command(rich_help_panel=KEEP)
def verify(
    folder: Run,
    discard: Annotated[
        bool, typer.Option("--discard", help="Delete the damaged clips; mgeval resume makes them again.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read every file of a run and list the damaged ones.

    The exit code is 1 if a file is damaged.
    """
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
            print(f"{folder}: no file is damaged")
        elif discard:
            print(f"{len(damage)} damaged; their clips are deleted, and mgeval resume {folder} makes them again")
        else:
            print(f"{len(damage)} damaged; mgeval verify {folder} --discard deletes them")
    if len(damage):
        raise typer.Exit(1)


@commands.command(rich_help_panel=COMPARE)
def diff(
    a: Annotated[Path, typer.Argument(metavar="RUN_A", help="Folder of a run.")],
    b: Annotated[Path, typer.Argument(metavar="RUN_B", help="Folder of another run.")],
    as_json: Json = False,
) -> None:
    """List the differences between two runs: settings, versions, devices and clips, bit for bit.

    The exit code is 1 if the runs differ.
    """
    differences = mgeval.diff(store_of(a), store_of(b))
    if as_json:
        print(differences.to_json(orient="records"))
    elif differences.empty:
        print(f"{a} and {b} have the same clips, made with the same settings, versions and devices")
    else:
        clips = differences["what"].isin(["audio", "codes", "predictions"])
        rows = differences[~clips | (clips.cumsum() <= SHOWN_CLIPS)].copy()
        rows.loc[clips, ["a", "b"]] = rows.loc[clips, ["a", "b"]].map(lambda text: text[:12])
        print(rows.rename(columns={"a": str(a), "b": str(b)}).to_string(index=False))
        if more := len(differences) - len(rows):
            print(f"and {more} more clips, which --json lists")
    if len(differences):
        raise typer.Exit(1)
