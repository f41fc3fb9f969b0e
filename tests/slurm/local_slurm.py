"""A SLURM of one node on this machine: munged, slurmctld and slurmd with all their files in one folder.

    python tests/slurm/local_slurm.py FOLDER    # starts it, prints SLURM_CONF=..., runs until Ctrl-C

Needs Debian's slurm-wlm and munge, and root. It has its own ports, keys, sockets and folders, and leaves an installed
SLURM alone.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = ("munged", "munge", "slurmctld", "slurmd", "sbatch", "scancel", "squeue", "sinfo")

CONF = """
ClusterName=mgeval
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdSpoolDir={folder}/spool
StateSaveLocation={folder}/state
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SchedulerType=sched/builtin
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=2
MinJobAge=300
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=4000 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
"""


def missing_requirement() -> str:
    """Return why SLURM cannot start here, or ''."""
    lacking = [name for name in PROGRAMS if _program(name) is None]
    if lacking:
        return f"SLURM is not installed ({lacking[0]} is missing): apt-get install slurm-wlm munge"
    return "" if os.geteuid() == 0 else "starting SLURM needs root"


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


@contextlib.contextmanager
def local_slurm(folder: Path) -> Iterator[dict[str, str]]:
    """Start SLURM, and yield the environment in which sbatch and the other commands find it."""
    folder = folder.resolve()
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    host = socket.gethostname().split(".")[0]
    # At least the two CPUs that two workers need, whatever the machine has.
    conf = CONF.format(host=host, folder=folder, port=_free_port(), node_port=_free_port(), cpus=max(os.cpu_count(), 2))
    (folder / "slurm.conf").write_text(conf)
    (folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
    environment = {"SLURM_CONF": str(folder / "slurm.conf")}
    started: list[subprocess.Popen] = []

    def start(*command: str) -> None:
        full = os.environ | environment
        program = [_program(command[0]), *command[1:]]
        with open(folder / f"{command[0]}.out", "wb") as log:
            started.append(subprocess.Popen(program, stdout=log, stderr=log, env=full, start_new_session=True))

    try:
        start("munged", "--foreground", "--force", f"--socket={folder}/munge.socket", *_munge_files(folder))
        _wait(lambda: (folder / "munge.socket").exists(), "munged", folder)
        start("slurmctld", "-D", "-c")
        start("slurmd", "-D", "-c", "-N", host)
        _wait(lambda: "idle" in _answer("sinfo", "-h", "-o", "%T", env=environment), "slurmd", folder)
        yield environment
    finally:
        with contextlib.suppress(subprocess.SubprocessError):
            _answer("scancel", "--signal=KILL", "--user", pwd.getpwuid(os.geteuid()).pw_name, env=environment)
        for process in reversed(started):
            process.terminate()
        for process in reversed(started):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _munge_files(folder: Path) -> list[str]:
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o600)
    files = {"pid-file": "munge.pid", "log-file": "munge.log", "seed-file": "munge.seed", "key-file": "munge.key"}
    return [f"--{option}={folder / name}" for option, name in files.items()]


def _answer(*command: str, env: dict[str, str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | env, timeout=60).stdout


def _wait(condition, program: str, folder: Path, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            logs = "\n".join(
                f"{path.name}: {path.read_text(errors='replace')[-500:]}" for path in folder.glob("*.[lo][ou]*")
            )
            raise RuntimeError(f"{program} did not start\n{logs}")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    if reason := missing_requirement():
        sys.exit(reason)
    with local_slurm(Path(sys.argv[1])) as environment:
        print(*(f"{name}={value}" for name, value in environment.items()), flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
