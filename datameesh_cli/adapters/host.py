"""The user's machine: its environment, its ports and who holds them."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from datameesh_cli.adapters import files, process
from datameesh_cli.errors import HostError


def environment() -> dict[str, str]:
    """Return the variables of the environment."""
    return dict(os.environ)


def has_address(address: str) -> bool:
    """Given an IPv4 address, say whether it is one of this machine's own (0.0.0.0 stands for all of them)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError as refused:
            return refused.errno != errno.EADDRNOTAVAIL
    return True


def is_port_free(address: str, port: int) -> bool:
    """Given an address and a port, say whether a listener could be opened there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError as refused:
            # A port below 1024 is not ours to try, but the engine's to give.
            return refused.errno == errno.EACCES
    return True


def port_holder(port: int) -> str | None:
    """Given a port in use, return its holder as `python3 (pid 4711)`, or None when the system does not tell."""
    if files.is_there(Path("/proc/net/tcp")):
        inodes = set(_listening_inodes(port))
        return next(_processes_with(inodes), None) if inodes else None
    if process.find("lsof"):
        try:
            done = process.run(["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"], timeout=10)
        except HostError:
            return None  # who holds it is a courtesy: that it is taken is what the user must hear
        fields = {line[0]: line[1:] for line in done.out.splitlines() if line}
        return f"{fields['c']} (pid {fields['p']})" if {"p", "c"} <= set(fields) else None
    return None


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in (files.read_if_there(Path(table)) or "").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                yield fields[9]


def _processes_with(inodes: set[str]) -> Iterator[str]:
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for folder in files.found(Path("/proc"), "[0-9]*"):
        if wanted.intersection(files.links_in(folder / "fd")):
            yield f"{(files.read_if_there(folder / 'comm') or 'a program').strip()} (pid {folder.name})"
