"""Open the notebooks on a run: in JupyterLab, or one of them as an app."""

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
PACKAGE = HERE.parent
APP_HEADERS = {
    "headers": {
        "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
        "connect-src 'self' ws: wss: data: blob:"
    }
}
"""Voila's page loads icons from a CDN; with these headers the browser asks only the server."""

COPY_HASH = "mgeval_copied"
"""Metadata of a copy with the hash of its cells when it was written: a copy that differs was edited and is kept."""


def notebooks() -> dict[str, Path]:
    """Return the notebooks of mgeval by name: those in the wheel, or in the repository beside the package."""
    for folder in (PACKAGE / "notebooks", PACKAGE.parent / "notebooks"):
        if paths := sorted(folder.glob("[0-9]*.ipynb")):
            return {path.stem: path for path in paths}
    raise MgevalError(f"{PACKAGE / 'notebooks'}: the notebooks are missing; install mgeval again")


def find_notebook(name: str) -> Path:
    """Return a notebook by its name, its number, or a part of its name that only it has.

    Raises
    ------
    MgevalError
        No notebook fits, or several do.

    Examples
    --------
    >>> find_notebook("05").stem, find_notebook("atlas").stem
    ('05-stereo-lab', '06-failure-atlas')
    """
    available = notebooks()
    stem = Path(name).stem
    exact = [path for path in available.values() if path.stem == stem]
    matches = exact or [path for path in available.values() if stem in path.stem]
    if not name or len(matches) != 1:
        raise MgevalError(f"there is no notebook {name!r}: {nearest(stem, available)}")
    return matches[0]


def copy_notebooks(run: str | os.PathLike[str], folder: Path, names: list[Path] | None = None) -> list[Path]:
    """Copy notebooks into a folder and let them work on a run; copies that were edited there are kept.

    Parameters
    ----------
    run : path-like
        The run's folder, which becomes their parameter ``RUN``; the models that it was started with become ``MODEL``
        and ``OTHER``.
    folder : Path
        Where the copies go; it is created.
    names : list of Path, optional
        Which notebooks; by default all.

    Returns
    -------
    list of Path
        The copies, in order.

    Raises
    ------
    MgevalError
        The folder holds something other than a run, or a damaged run.
    """
    values = dict(zip(("MODEL", "OTHER"), models_of(run), strict=False)) | {"RUN": str(Path(run).resolve())}
    folder.mkdir(parents=True, exist_ok=True)
    copies = []
    for source in names or notebooks().values():
        target = folder / source.name
        if not _edited(target):
            write_atomic(target, _fill_parameters(source, values))
        copies.append(target)
    return copies


def models_of(run: str | os.PathLike[str]) -> list[str]:
    """Return the names of the models that made a run, those it was started with first.

    Folders are absolute, because the notebooks run in another folder.
    """
    from mgeval.models import kind_of
    from mgeval.runs import Store
    from mgeval.tables import own_clips

    store = Store(run)
    names = [name for models in store.runs().get("models", ()) for name in models]
    if not names and not (table := own_clips(store.table())).empty:
        # The clips were stored one by one, or before mgeval recorded runs.
        names = table["model"].tolist()
    return [kind_of(name).resolve(name) for name in dict.fromkeys(names)]


def _fill_parameters(source: Path, values: dict[str, str]) -> bytes:
    notebook = json.loads(source.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", ()):
            text = "".join(cell["source"])
            for name, value in values.items():
                # A backslash in the name of a folder is not a reference to a group.
                line = f"{name} = {value!r}".replace("\\", r"\\")
                text = re.sub(rf"^{name} = .*?(?=\s*#|$)", line, text, flags=re.MULTILINE)
            cell["source"] = text.splitlines(keepends=True)
    notebook["metadata"][COPY_HASH] = _fingerprint(notebook)
    return json.dumps(notebook, indent=1, ensure_ascii=False).encode() + b"\n"


def _fingerprint(notebook: dict) -> str:
    """Return a hash of the sources of the cells: outputs and metadata do not count."""
    import hashlib

    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()[:16]


def _edited(target: Path) -> bool:
    if not target.exists():
        return False
    try:
        notebook = json.loads(target.read_text(encoding="utf-8"))
        return notebook["metadata"].get(COPY_HASH) != _fingerprint(notebook)
    except (ValueError, KeyError, TypeError, AttributeError):
        # Not the notebook that was copied.
        return True


def working_folder(run: str | os.PathLike[str]) -> Path:
    """Return the folder of the notebooks of a run, beside the folder of the run."""
    run = Path(run).resolve()
    return run.parent / f"{run.name}-notebooks"


def lab_command(folder: Path, browser: bool = True) -> list[str]:
    """Return the command that starts JupyterLab in a folder."""
    command = [sys.executable, "-m", "jupyterlab", "--notebook-dir", str(folder)]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Containers often have no other user, and Jupyter refuses to run as root without this.
        command.append("--allow-root")
    return command if browser else [*command, "--no-browser"]


def app_command(notebook: Path, browser: bool = True, port: int | None = None) -> list[str]:
    """Return the command that serves one notebook with Voila, from this machine only and without a network.

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
        f"--Voila.tornado_settings={APP_HEADERS}",
        "--template=mgeval",
        # This extension needs parts of JupyterLab that Voila lacks.
        "--VoilaConfiguration.extension_denylist=jupyterlab-jupytext",
    ]
    command += [] if browser else ["--no-browser"]
    return command + ([f"--port={port}"] if port else [])


def environment() -> dict[str, str]:
    """Return the environment of a server that finds the template for apps of this package."""
    paths = [str(HERE / "share"), os.environ.get("JUPYTER_PATH", "")]
    return os.environ | {"JUPYTER_PATH": os.pathsep.join(filter(None, paths))}


def start(command: list[str]) -> int:
    """Run a server until it is stopped, and return its exit code."""
    try:
        return subprocess.run(command, check=False, env=environment()).returncode
    except KeyboardInterrupt:
        # The server received the same signal and has stopped.
        return 0
