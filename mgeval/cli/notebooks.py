"""The commands that open notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mgeval.cli.help import LOOK

commands = typer.Typer()

RunFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run; it need not exist yet.")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Print the address and open no browser.")]


@commands.command(rich_help_panel=LOOK)
def lab(folder: RunFolder = Path("runs/lab"), no_browser: NoBrowser = False) -> None:
    """Open the notebooks on a run in JupyterLab.

    Their copies are in DIR-notebooks and work on this run; a copy that was edited is kept.
    """
    from mgeval.cli.lab import copy_notebooks, lab_command, start, working_folder

    copies = copy_notebooks(folder, working_folder(folder))
    print(f"{len(copies)} notebooks in {copies[0].parent} work on {folder}")
    raise typer.Exit(start(lab_command(copies[0].parent, not no_browser)))


@commands.command("app", rich_help_panel=LOOK)
def serve(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A notebook, by its name, its number or part of its name, such as 05.")
    ],
    folder: Annotated[Path, typer.Option("--run", help="Folder of a run; it need not exist yet.")] = Path("runs/app"),
    port: Annotated[
        int | None, typer.Option("--port", help="Port of the server; by default the first free one.")
    ] = None,
    no_browser: NoBrowser = False,
) -> None:
    """Serve one notebook on a run as an app, without its code.

    Needs Voila: pip install 'mgeval[app]'.
    """
    from mgeval.cli.lab import app_command, copy_notebooks, find_notebook, start, working_folder

    source = find_notebook(name)
    command = app_command(working_folder(folder) / source.name, not no_browser, port)
    copy_notebooks(folder, working_folder(folder), [source])
    raise typer.Exit(start(command))
