"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says where there is no room for a file: on the disk, in the user's share, or for one so large."""


def expand_path(path: str | os.PathLike[str]) -> Path:
    """Return what a path names: ``~`` is the home folder, where a shell left it so; of an unknown user it stays."""
    return Path(os.path.expanduser(path))


def write_atomic(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write ``data`` to ``path`` so that no reader ever sees a part of it.

    The bytes go to a temporary name in the same folder, are flushed to the disk, and the name is
    then changed, which file systems do in one step. Missing folders are made.

    Parameters
    ----------
    path : path-like
        Where the file shall stand; an existing one is replaced.
    data : bytes
        The whole content.

    Returns
    -------
    pathlib.Path
        ``path``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.part")
    try:
        # Not tempfile: its files are private, and a store is shared like any other folder of the user.
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            # The system names no file when the disk is full, else the temporary one, which says nothing to the user.
            error.filename = str(path)
        raise
    return path


@contextlib.contextmanager
def defer_interrupt() -> Iterator[None]:
    """Put Ctrl-C off until a step is finished."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        # Only the main thread is interrupted.
        yield
        return
    caught = []
    signal.signal(signal.SIGINT, lambda *what: caught.append(what))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if caught:
            before(*caught[0])


@contextlib.contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Keep other processes and threads out that lock the same folder, where the file system knows locks."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        # The lock falls with the process, however that ends.
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
