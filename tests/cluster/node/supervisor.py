"""Process 1 of the node: `python3 -m tests.cluster.node.supervisor STATE TOOLS`, started by `unshare` in namespaces of its own.

It makes the node's view of the file system, waits for its network link, then starts the components and starts each again
when it ends. When it dies the kernel ends everything inside, drops the mounts and removes the network."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.cluster.node.layout import INSIDE, INSIDE_TOOLS, SERVICE_RANGE, State

RESTART_AFTER = 1.0
LINK_PATIENCE = 30.0


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True)


def _drop_foreign_mounts(*needed: str) -> None:
    """The namespace begins as a copy of the host's mounts; those of other engines would be held open here when they end there."""
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()]
    for fields in reversed(mounts):
        target, kind = fields[4].encode().decode("unicode_escape"), fields[fields.index("-") + 1]
        if target == "/" or any(Path(path).is_relative_to(target) for path in needed):
            continue
        if kind in ("overlay", "nsfs") or target.startswith(("/run/", "/var/run/", "/var/lib/")):
            subprocess.run(["umount", "--lazy", target], stderr=subprocess.DEVNULL)


def _mount(state: str, tools: str) -> None:
    # Held by number, because the next mounts may cover the paths.
    held = [os.open(folder, os.O_PATH | os.O_DIRECTORY) for folder in (state, tools)]
    sources = [f"/proc/self/fd/{number}" for number in held]
    _drop_foreign_mounts(state, tools)
    # Sockets, locks and network names of the node's own; the host's engine cannot be reached from here.
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for source, number, target in zip(sources, held, (INSIDE, INSIDE_TOOLS), strict=True):
        target.mkdir()
        subprocess.run(["mount", "--no-canonicalize", "--bind", source, str(target)], check=True, pass_fds=[number])
    _run("mount", "--bind", str(INSIDE / "lib"), "/var/lib")
    _run("mount", "-t", "tmpfs", "tmpfs", "/var/log")
    # Kubelet and containerd pass mounts to each other, and volumes to pods.
    _run("mount", "--make-rshared", "/")
    for number in held:
        os.close(number)


def _network() -> None:
    _run("ip", "link", "set", "lo", "up")
    until = time.monotonic() + LINK_PATIENCE
    while not any(line.strip().startswith("eth0:") for line in Path("/proc/net/dev").read_text().splitlines()):
        if time.monotonic() > until:
            raise SystemExit("the link to the host did not come")
        time.sleep(0.02)
    place = State(INSIDE).place
    _run("ip", "address", "add", f"{place.node_address}/30", "dev", "eth0")
    _run("ip", "link", "set", "eth0", "up")
    # Only so that the node's own processes can address services, whose addresses the firewall rewrites; nothing is forwarded there.
    _run("ip", "route", "add", SERVICE_RANGE, "via", place.host_address)
    for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        path = Path("/proc/sys/net") / name
        if path.exists():
            path.write_text("1")


class Supervisor:
    """Starts components and starts them again."""

    def __init__(self, components: list[dict[str, Any]]) -> None:
        self.waiting = [(0.0, component) for component in components]
        self.running: dict[int, dict[str, Any]] = {}
        self.starts: dict[str, int] = {}
        # Not a blocked signal: children would inherit that, and containerd waits for its own.
        self.woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        debian = INSIDE_TOOLS / "debian"
        folders = [debian / "usr/sbin", debian / "usr/bin", INSIDE_TOOLS / "bin"]
        libraries = sorted({str(path.parent) for path in (debian / "usr/lib").glob("*/lib*.so*")})
        self.env = {
            "PATH": ":".join([*map(str, folders), "/usr/sbin", "/usr/bin", "/sbin", "/bin"]),
            # For ipset, whose library is unpacked beside it.
            "LD_LIBRARY_PATH": ":".join(libraries),
            "HOME": "/run",
        }

    def start(self, component: dict[str, Any]) -> None:
        name = component["name"]
        self.starts[name] = self.starts.get(name, 0) + 1
        with (INSIDE / "logs" / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                component["argv"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=self.env,
                start_new_session=True,
            )
        self.running[process.pid] = component
        record = {"pid": process.pid, "starts": self.starts[name]}
        (INSIDE / "pids" / name).write_text(json.dumps(record), encoding="utf-8")

    def reap(self) -> None:
        """Takes in what has ended: components, and orphans of pods."""
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if ended := self.running.pop(pid, None):
                self.waiting.append((time.monotonic() + RESTART_AFTER, ended))

    def run(self) -> None:
        """Until the process is killed."""
        while True:
            self.reap()
            due = [entry for entry in self.waiting if entry[0] <= time.monotonic()]
            for entry in due:
                self.waiting.remove(entry)
                self.start(entry[1])
            # A child that ends cuts the wait short.
            select.select([self.woken], [], [], 1.0)
            while select.select([self.woken], [], [], 0)[0]:
                os.read(self.woken, 4096)


def main() -> None:
    state, tools = sys.argv[1:]
    _mount(state, tools)
    _network()
    Supervisor(json.loads((INSIDE / "components.json").read_text(encoding="utf-8"))).run()


if __name__ == "__main__":
    main()
