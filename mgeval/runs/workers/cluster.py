"""Workers: processes on this machine, or the workers of a running Dask scheduler."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mgeval.errors import SweepError

ADDRESS = re.compile(r"((tcp|tls|ucx)://)?([\w.-]+|\[\S+\]):\d+|wss?://\S+")
"""A scheduler's address in Dask's notation; the default protocol is TCP."""

CONNECT_SECONDS = 30
"""Longest wait for a scheduler's answer."""

EXIT_SECONDS = 10
"""Longest wait for local workers to end after they were terminated."""


def check_workers(workers: Any, scheduler: Any) -> None:
    """Raise if ``workers`` and ``scheduler`` do not name usable workers, before anything is done."""
    if workers is None and scheduler is None:
        return
    if workers is not None and scheduler is not None:
        raise SweepError("give workers or scheduler, not both: workers=N starts processes here, scheduler=ADDRESS "
                         "uses running ones")  # fmt: skip
    if scheduler is None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise SweepError(f"workers must be a whole number from 1, got {workers!r}")
    if scheduler is not None and not isinstance(scheduler, str) and not hasattr(scheduler, "scheduler_address"):
        raise SweepError(f"scheduler must be an address such as tcp://host:8786, or a Dask cluster, got {scheduler!r}")
    if isinstance(scheduler, str) and not ADDRESS.fullmatch(scheduler):
        # With an invalid address Dask leaves a half-made client, which prints a traceback when it is deleted.
        raise SweepError(f"scheduler must be an address such as tcp://host:8786, got {scheduler!r}")
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise SweepError("workers need Dask: pip install 'mgeval[slurm]'") from None


@contextlib.contextmanager
def connect_workers(workers: int | None, scheduler: Any) -> Iterator[tuple[Any, int | None, Callable[[], None]]]:
    """Yield a client of the workers, threads per worker (None: one per core of its job), and a health check."""
    if workers is None:
        with _silence_dask(), _client(scheduler) as client:
            yield client, None, lambda: None
        return
    with (
        _silence_dask(),
        _distributed().LocalCluster(n_workers=0, dashboard_address=None, silence_logs=False) as cluster,
        _client(cluster) as client,
        _local_workers(workers, cluster.scheduler_address) as check,
    ):
        yield client, _threads(workers), check


def _distributed() -> Any:
    """Import Dask's scheduler, whose functions have no types."""
    import distributed

    return distributed


@contextlib.contextmanager
def _client(scheduler: Any) -> Iterator[Any]:
    try:
        client = _distributed().Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise SweepError(
            f"no Dask scheduler answers at {scheduler} ({type(error).__name__}): start one with 'dask scheduler', or "
            "give workers=N for processes on this machine"
        ) from None
    try:
        yield client
    finally:
        # If the scheduler is gone, the client would wait for its answer.
        with contextlib.suppress(OSError, TimeoutError):
            client.close(timeout=EXIT_SECONDS if client.status == "running" else 0.1)


@contextlib.contextmanager
def _silence_dask() -> Iterator[None]:
    """Silence Dask's logging of broken connections: mgeval reports them in one line."""
    # The second logger has a level of its own.
    logs = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)


@contextlib.contextmanager
def _local_workers(count: int, address: str) -> Iterator[Callable[[], None]]:
    """Start local workers; yield a function that raises when none is left.

    Dask's own local workers would import the user's script again, and receive the terminal's Ctrl-C.
    """
    with tempfile.TemporaryDirectory(prefix="mgeval-workers-", ignore_cleanup_errors=True) as folder:
        logs = [Path(folder, f"{number}.log") for number in range(count)]
        gpus = _gpus()
        running = []
        try:
            for number, log in enumerate(logs):
                pinned = {"CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)]} if gpus else {}
                command = [
                    *(sys.executable, "-m", "distributed.cli.dask_worker", address, "--name", f"{number}"),
                    *("--nthreads", "1", "--memory-limit", "0", "--no-dashboard", "--local-directory", folder),
                    *("--death-timeout", f"{CONNECT_SECONDS}"),
                ]
                with open(log, "wb") as file:
                    running.append(
                        subprocess.Popen(
                            command,
                            stdin=subprocess.DEVNULL,
                            stdout=file,
                            stderr=file,
                            env=os.environ | pinned,
                            start_new_session=True,
                        )  # fmt: skip
                    )

            def check() -> None:
                if all(process.poll() is not None for process in running):
                    lines = [line for log in logs for line in log.read_text(errors="replace").splitlines() if line]
                    raise SweepError(
                        f"all {count} workers have ended; last line of their logs: {lines[-1] if lines else 'none'}"
                    )

            yield check
        finally:
            for process in running:
                process.terminate()
            for process in running:
                _wait_or_kill(process)


def _wait_or_kill(process: subprocess.Popen) -> None:
    """Wait for a terminated worker; kill it, with its child processes, if it does not end."""
    try:
        process.wait(EXIT_SECONDS)
    except subprocess.TimeoutExpired:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


def _gpus() -> list[str]:
    """Return the GPUs that this process may use, by their names for CUDA_VISIBLE_DEVICES."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [name for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name.strip()]
    import torch

    return [str(index) for index in range(torch.cuda.device_count())]


def _threads(workers: int) -> int:
    """Return how many threads each of several workers on this machine may use."""
    if os.environ.get("OMP_NUM_THREADS", "").isdigit():
        return max(int(os.environ["OMP_NUM_THREADS"]), 1)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(cores // workers, 1)
