"""The notebooks, opened on a run: in JupyterLab, or one of them as an app."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from mgeval.errors import MgevalError, nearest
from mgeval.files import write_atomic

HERE = Path(__file__).parent
OWN = {
    "headers": {
        "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
        "connect-src 'self' ws: wss: data: blob:"
    }
}
"""Voila's page asks a CDN for icons; with this the browser asks nobody but the server."""

RUN = re.compile(r"^RUN = .*?(?=\s*#|$)", re.MULTILINE)
BY_HAND = "mgeval_copied"
"""Where a copy keeps the hash of what was copied: one that differs was edited, and is left as it is."""


def notebooks() -> dict[str, Path]:
    """Return the notebooks that come with mgeval, by name: of the wheel, or of the repository beside the package."""
    for folder in (HERE / "notebooks", HERE.parent / "notebooks"):
        if found := sorted(folder.glob("[0-9]*.ipynb")):
            return {path.stem: path for path in found}
    raise MgevalError(f"{HERE / 'notebooks'}: the notebooks are missing; install mgeval again")


def find_notebook(name: str) -> Path:
    """Return a notebook by its name, its number, or any part of its name that no other has.

    Raises
    ------
    MgevalError
        None or several are called so.

    Examples
    --------
    >>> find_notebook("05").stem, find_notebook("atlas").stem
    ('05-stereo-lab', '06-failure-atlas')
    """
    there = notebooks()
    stem = Path(name).stem
    found = [path for known, path in there.items() if stem == known] or [p for n, p in there.items() if stem in n]
    if not name or len(found) != 1:
        raise MgevalError(f"there is no notebook {name!r}: {nearest(stem, there)}")
    return found[0]


def copy_notebooks(run: str | os.PathLike[str], folder: Path, names: list[Path] | None = None) -> list[Path]:
    """Copy notebooks into a folder and let them work on a run; those that were edited there stay as they are.

    Parameters
    ----------
    run : path-like
        The run's folder, which becomes their parameter ``RUN``.
    folder : Path
        Where the copies go; it is made.
    names : list of Path, optional
        Which notebooks; by default all.

    Returns
    -------
    list of Path
        The copies, in order.

    Raises
    ------
    MgevalError
        The folder cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copies = []
    for source in names or notebooks().values():
        target = folder / source.name
        if not _edited(target):
            write_atomic(target, _copied(source, Path(run).resolve()))
        copies.append(target)
    return copies


def _copied(source: Path, run: Path) -> bytes:
    notebook = json.loads(source.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", ()):
            # A backslash in a folder's name must not be taken for a group.
            line = f"RUN = {str(run)!r}".replace("\\", r"\\")
            cell["source"] = RUN.sub(line, "".join(cell["source"])).splitlines(keepends=True)
    notebook["metadata"][BY_HAND] = _fingerprint(notebook)
    return json.dumps(notebook, indent=1, ensure_ascii=False).encode() + b"\n"


def _fingerprint(notebook: dict) -> str:
    """Return a hash of the cells' sources: outputs and what Jupyter adds do not count."""
    import hashlib

    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()[:16]


def _edited(target: Path) -> bool:
    if not target.exists():
        return False
    try:
        notebook = json.loads(target.read_text(encoding="utf-8"))
        return notebook["metadata"].get(BY_HAND) != _fingerprint(notebook)
    except (ValueError, KeyError, TypeError, AttributeError):
        # Whatever it is, it is not what was copied.
        return True


def working_folder(run: str | os.PathLike[str]) -> Path:
    """Return the folder of a run's notebooks, beside the run's own."""
    run = Path(run).resolve()
    return run.parent / f"{run.name}-notebooks"


def lab_command(folder: Path, browser: bool = True) -> list[str]:
    """Return what starts JupyterLab on a folder."""
    command = [sys.executable, "-m", "jupyterlab", "--notebook-dir", str(folder)]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Containers often have no other user; Jupyter would refuse.
        command.append("--allow-root")
    return command if browser else [*command, "--no-browser"]


def app_command(notebook: Path, browser: bool = True, port: int | None = None) -> list[str]:
    """Return what serves one notebook as an app by Voila, from this machine only and with nothing from a network.

    Raises
    ------
    MgevalError
        Voila is not installed.
    """
    if find_spec("voila") is None:
        raise MgevalError("apps need Voila: pip install 'mgeval[app]'")
    command = [
        sys.executable,
        "-m",
        "voila",
        str(notebook),
        "--show_tracebacks=True",
        f"--Voila.tornado_settings={OWN}",
        "--template=mgeval",
        # It asks for parts of JupyterLab that Voila has not.
        "--VoilaConfiguration.extension_denylist=jupyterlab-jupytext",
    ]
    command += [] if browser else ["--no-browser"]
    return command + ([f"--port={port}"] if port else [])


def environment() -> dict[str, str]:
    """Return the environment of a server that knows this package's own template of an app."""
    paths = [str(HERE / "share"), os.environ.get("JUPYTER_PATH", "")]
    return os.environ | {"JUPYTER_PATH": os.pathsep.join(filter(None, paths))}


def start(command: list[str]) -> int:
    """Run a server until it is stopped, and return its exit code."""
    try:
        return subprocess.run(command, check=False, env=environment()).returncode
    except KeyboardInterrupt:
        # Asked to stop: the server was as well.
        return 0
