"""What the node needs of the machine, and what is put back: the link, control groups, kernel settings, processes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.node.failure import Failure
from tests.cluster.node.layout import PLACES, Place, State

_CGROUPS = Path("/sys/fs/cgroup")
# The kubelet sets these for the whole machine.
SETTINGS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
_SAVED = Path("/run/datameesh-cluster-settings.json")
_LOCK = Path("/run/datameesh-cluster.lock")
_PROGRAMS = ("ip", "iptables", "iptables-save", "unshare", "nsenter", "mount", "openssl")


def check() -> None:
    """Raises when this machine cannot run a node at all."""
    if os.geteuid() != 0:
        raise Failure(
            "the node must be started as root: it makes namespaces, mounts and control groups", "use sudo", skip=True
        )
    lacking = [name for name in _PROGRAMS if not shutil.which(name)]
    if lacking:
        hint = "Debian: apt-get install iproute2 iptables util-linux mount openssl"
        raise Failure(f"these programs are not there: {', '.join(lacking)}", hint, skip=True)
    if not (_CGROUPS / "memory").is_dir() and not (_CGROUPS / "cgroup.controllers").exists():
        raise Failure("no control groups are mounted at /sys/fs/cgroup", "mount them", skip=True)


def _hierarchies() -> list[Path]:
    """The root of every hierarchy: one with version 2, one for each controller with version 1."""
    if (_CGROUPS / "cgroup.controllers").exists():
        return [_CGROUPS]
    return [path for path in _CGROUPS.iterdir() if path.is_dir() and not path.is_symlink()]


def make_cgroups(place: Place) -> None:
    """The group that holds all pods."""
    for root in _hierarchies():
        own = root / place.cgroup
        own.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            # Version 1: a new group may use no processor until it is told so.
            if (root / "cgroup.clone_children").exists() and (root / name).exists():
                (own / name).write_text((root / name).read_text())
        if (root / "cgroup.controllers").exists() and root == _CGROUPS:
            wanted = [f"+{name}" for name in (root / "cgroup.controllers").read_text().split()]
            for group in (root, own):
                (group / "cgroup.subtree_control").write_text(" ".join(wanted))


def remove_cgroups(place: Place) -> None:
    """Bottom up; a group of which the last process has just ended may be busy for a moment."""
    until = time.monotonic() + 10
    for root in _hierarchies():
        own = root / place.cgroup
        groups = [Path(folder) for folder, _, _ in os.walk(own, topdown=False)]
        for group in groups:
            while True:
                try:
                    group.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError as problem:
                    if time.monotonic() > until:
                        raise Failure(f"control group {group} stays: {problem}", "see its cgroup.procs") from None
                    time.sleep(0.1)


def save_settings() -> None:
    """Of the machine before its first node; the last one puts them back."""
    if _SAVED.exists():
        return
    values = {
        name: (Path("/proc/sys") / name).read_text().strip() for name in SETTINGS if (Path("/proc/sys") / name).exists()
    }
    _SAVED.write_text(json.dumps(values), encoding="utf-8")


def restore_settings() -> None:
    """Once no node is left."""
    if not _SAVED.exists() or any(link_exists(Place(number)) for number in range(PLACES)):
        return
    for name, value in json.loads(_SAVED.read_text(encoding="utf-8")).items():
        setting = Path("/proc/sys") / name
        if setting.read_text().strip() != value:
            setting.write_text(value)
    _SAVED.unlink()


def forget_dead() -> None:
    """Put back what nodes left that ended without `down`, as with the session that had started them."""
    for place in (Place(number) for number in range(PLACES)):
        if not link_exists(place):
            remove_cgroups(place)
    restore_settings()


def _started(pid: int) -> str | None:
    """The start time of a process: with it, a number that was given out again is not mistaken."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return None


@dataclass(frozen=True, slots=True)
class Inner:
    """Process 1 of the node, by its number on the host."""

    pid: int
    started: str

    @classmethod
    def of(cls, state: State) -> Inner | None:
        """The running one, or None."""
        try:
            record = json.loads((state.folder / "pid").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        inner = cls(record["pid"], record["started"])
        return inner if _started(inner.pid) == inner.started else None

    def enter(self) -> list[str]:
        """The words before a command that shall run in the node."""
        return ["nsenter", "--target", str(self.pid), "--mount", "--net", "--pid", "--"]

    def processes(self) -> dict[int, int]:
        """Every process of the node: number inside -> number on the host."""
        space = Path(f"/proc/{self.pid}/ns/pid").readlink()
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if (path / "ns" / "pid").readlink() != space:
                    continue
                numbers = next(line for line in (path / "status").read_text().splitlines() if line.startswith("NSpid:"))
            except (OSError, StopIteration):
                continue
            found[int(numbers.split()[-1])] = int(path.name)
        return found

    def kill(self) -> None:
        """Ends everything inside: without its process 1 the kernel ends a process namespace."""
        os.kill(self.pid, signal.SIGKILL)
        until = time.monotonic() + 30
        while _started(self.pid) == self.started and not _is_zombie(self.pid):
            if time.monotonic() > until:
                raise Failure(f"process {self.pid} does not end", "see /proc/<pid>/wchan")
            time.sleep(0.05)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def start(argv: list[str], env: dict[str, str], state: State) -> Inner:
    """Starts `argv` as process 1 of new namespaces, and joins them to the host by a link."""
    words = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--", *argv]
    with (state.logs / "supervisor.log").open("ab") as log:
        outer = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd="/", start_new_session=True
        )
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
    until = time.monotonic() + 10
    while not (found := children.read_text().split()):
        if outer.poll() is not None or time.monotonic() > until:
            raise Failure("the namespaces could not be made", f"see {state.logs / 'supervisor.log'}")
        time.sleep(0.02)
    pid = int(found[0])
    inner = Inner(pid, _started(pid) or "")
    (state.folder / "pid").write_text(json.dumps({"pid": inner.pid, "started": inner.started}), encoding="utf-8")
    place = state.place
    for words in (
        ["ip", "link", "add", place.link, "type", "veth", "peer", "name", "eth0", "netns", str(pid)],
        ["ip", "address", "add", f"{place.host_address}/30", "dev", place.link],
        ["ip", "link", "set", place.link, "up"],
    ):
        done = subprocess.run(words, text=True, capture_output=True)
        if done.returncode:
            raise Failure(f"{' '.join(words)}: {done.stderr.strip()}", "the link to the node could not be made")
    return inner


def link_exists(place: Place) -> bool:
    return Path(f"/sys/class/net/{place.link}").exists()


def free_place() -> Place:
    """One that no running cluster has. To be asked while `alone`."""
    for number in range(PLACES):
        if not link_exists(Place(number)):
            return Place(number)
    raise Failure(
        f"{PLACES} clusters run on this machine", "take one down; ip link show lists their links, dmnode<number>"
    )


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One process at a time takes a place."""
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def memory(pid: int) -> int:
    """Resident memory of a process in KiB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
