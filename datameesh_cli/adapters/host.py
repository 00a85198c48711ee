"""The user's machine: its environment, its ports and who holds them."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from datameesh_cli.adapters import files, process
from datameesh_cli.errors import HostError, UserError


def environment() -> dict[str, str]:
    """Return the variables of the environment."""
    return dict(os.environ)


def bind_address() -> str:
    """Return the address on which ports are published: 127.0.0.1 unless DM_BIND says otherwise. Raise UserError if it is none."""
    address = os.environ.get("DM_BIND") or "127.0.0.1"
    try:
        return str(ipaddress.IPv4Address(address))
    except ValueError as wrong:
        raise UserError(
            f"DM_BIND={address} is not an IPv4 address", "write DM_BIND=127.0.0.1 or DM_BIND=0.0.0.0"
        ) from wrong


def is_port_free(address: str, port: int) -> bool:
    """Given an address and a port, say whether a listener could be opened there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError:
            return False
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
