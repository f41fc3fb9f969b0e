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
PACKAGE = HERE.parent
OWN = {
    "headers": {
        "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
        "connect-src 'self' ws: wss: data: blob:"
    }
}
"""Voila's page asks a CDN for icons; with this the browser asks nobody but the server."""

BY_HAND = "mgeval_copied"
"""Where a copy keeps the hash of what was copied: one that differs was edited, and is left as it is."""


def notebooks() -> dict[str, Path]:
    """Return the notebooks that come with mgeval, by name: of the wheel, or of the repository beside the package."""
    for folder in (PACKAGE / "notebooks", PACKAGE.parent / "notebooks"):
        if found := sorted(folder.glob("[0-9]*.ipynb")):
            return {path.stem: path for path in found}
    raise MgevalError(f"{PACKAGE / 'notebooks'}: the notebooks are missing; install mgeval again")


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
        The run's folder, which becomes their parameter ``RUN``; the models that it was begun with become ``MODEL`` and
        ``OTHER``.
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
        The run's folder holds something that is no run, or a damaged one.
    """
    values = dict(zip(("MODEL", "OTHER"), models_of(run), strict=False)) | {"RUN": str(Path(run).resolve())}
    folder.mkdir(parents=True, exist_ok=True)
    copies = []
    for source in names or notebooks().values():
        target = folder / source.name
        if not _edited(target):
            write_atomic(target, _copied(source, values))
        copies.append(target)
    return copies


def models_of(run: str | os.PathLike[str]) -> list[str]:
    """Return the names of the models that a run was made with, those it was begun with first.

    Folders are absolute: what opens the names works elsewhere.
    """
    from mgeval.models import kind_of
    from mgeval.runs import Store
    from mgeval.tables import own_clips

    store = Store(run)
    named = [name for models in store.runs().get("models", ()) for name in models]
    if not named and not (table := own_clips(store.table())).empty:
        # Clips that were kept one by one, or made before runs were on record.
        named = table["model"].tolist()
    return [kind_of(name).resolve(name) for name in dict.fromkeys(named)]


def _copied(source: Path, values: dict[str, str]) -> bytes:
    notebook = json.loads(source.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", ()):
            text = "".join(cell["source"])
            for name, value in values.items():
                # A backslash in a folder's name must not be taken for a group.
                line = f"{name} = {value!r}".replace("\\", r"\\")
                text = re.sub(rf"^{name} = .*?(?=\s*#|$)", line, text, flags=re.MULTILINE)
            cell["source"] = text.splitlines(keepends=True)
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
