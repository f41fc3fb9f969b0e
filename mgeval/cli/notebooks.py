"""The verbs of the shell that open notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

commands = typer.Typer()

RunFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run; it need not be there yet.")]
Quiet = Annotated[bool, typer.Option("--no-browser", help="Only print the address.")]


@commands.command()
def lab(folder: RunFolder = Path("runs/lab"), no_browser: Quiet = False) -> None:
    """Open the notebooks on a run in JupyterLab; copies stand in DIR-notebooks, and edited ones are kept."""
    from mgeval.cli.lab import copy_notebooks, lab_command, start, working_folder

    copies = copy_notebooks(folder, working_folder(folder))
    print(f"{len(copies)} notebooks in {copies[0].parent} work on {folder}")
    raise typer.Exit(start(lab_command(copies[0].parent, not no_browser)))


@commands.command("app")
def serve(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A notebook, by name or number, such as 05.")],
    folder: Annotated[Path, typer.Option("--run", help="Folder of a run.")] = Path("runs/app"),
    port: Annotated[int | None, typer.Option("--port", help="Where to serve; by default the first free one.")] = None,
    no_browser: Quiet = False,
) -> None:
    """Serve one notebook as an app, without its code."""
    from mgeval.cli.lab import app_command, copy_notebooks, find_notebook, start, working_folder

    source = find_notebook(name)
    command = app_command(working_folder(folder) / source.name, not no_browser, port)
    copy_notebooks(folder, working_folder(folder), [source])
    raise typer.Exit(start(command))
