"""The engine's own program on this machine: whether it is installed, whether it runs, and starting it."""

from __future__ import annotations

import os
from pathlib import Path

from datameesh_cli.adapters import clock, docker, files, process
from datameesh_cli.adapters.answers import short
from datameesh_cli.adapters.host_setup import checked
from datameesh_cli.errors import DmError, HostError

PID_FILE = Path("/var/run/docker.pid")
_START = 60
"""Seconds that an engine gets until it answers; on two idle cores it took under 8, on very busy ones 3 to 20."""


def program() -> str:
    """Return the path of the engine's program, "" if it is not installed."""
    return process.find("dockerd") or ""


def has_systemd() -> bool:
    """Say whether systemd runs this machine's services."""
    return files.is_there(Path("/run/systemd/system"))


def living(pid_file: Path = PID_FILE) -> int:
    """Return the number of the engine that runs on this machine, 0 if none does: one that left its pid file is not living."""
    try:
        pid = int(files.read(pid_file))
        # Its name stands in brackets and may hold blanks; the state is the first word after it. Z has ended already.
        name, _, rest = files.read(Path(f"/proc/{pid}/stat")).partition("(")[2].rpartition(")")
    except (DmError, ValueError):
        return 0
    return pid if name == "dockerd" and rest.split()[0] not in "ZX" else 0


def start(log: Path, pid_file: Path = PID_FILE) -> None:
    """Start the engine: through systemd where it runs, else in the background with its output in `log`. Wait until it answers.

    One that runs already is waited for, and never gets a second one beside it. Raise HostError if it does not answer.
    """
    if has_systemd():
        checked(["systemctl", "start", "docker"], dict(os.environ))
    elif not living(pid_file):
        if not program():
            raise HostError("dockerd is not installed", "see: ./dm doctor")
        # A pid file of an engine that was killed keeps a new one from starting when its number was given to another program.
        files.remove(pid_file)
        process.spawn([program()], log)
    wait(log, pid_file)


def wait(log: Path, pid_file: Path = PID_FILE) -> None:
    """Wait until the engine answers. Raise HostError, with the end of `log`, if it ends before or has not after a minute."""
    began = clock.now()

    def answers() -> bool | None:
        try:
            if docker.run("version", "--format", "{{.Server.Version}}", timeout=_START).code == 0:
                return True
        except HostError:
            return False
        if clock.now() > began + _START / 6 and not has_systemd() and not living(pid_file):
            raise HostError(f"the engine was started and ended again{_last_words(log)}", f"see its log: {log}")
        return None

    if clock.wait_until(answers, _START, every=0.5):
        return
    where = "journalctl -u docker" if has_systemd() else str(log)
    raise HostError(f"the engine was started but does not answer after {_START} s", f"see its log: {where}")


def _last_words(log: Path) -> str:
    try:
        lines = files.read(log).splitlines()
    except DmError:
        return ""
    said = [line for line in lines if line.strip()]
    return f": {short(said[-1])}" if said else ""
