"""The user's machine: its environment, its ports and who holds them."""

from __future__ import annotations

import errno
import os
import pwd
import socket


def environment() -> dict[str, str]:
    """Return the variables of the environment."""
    return dict(os.environ)


def user() -> int:
    """Return the number of the user that runs this program."""
    return os.getuid()


def user_name() -> str:
    """Return the name of the user that runs this program; the number where the machine knows no name for it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


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
    import psutil

    try:
        listening = (
            c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.laddr.port == port
        )
        pid = next((c.pid for c in listening if c.pid), None)
        return f"{psutil.Process(pid).name()} (pid {pid})" if pid else None
    except (psutil.Error, OSError):
        return None  # who holds it is a courtesy: that it is taken is what the user must hear
