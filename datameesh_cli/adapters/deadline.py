"""An end to waiting for a connection whose other side neither answers nor goes away.

A paused container's kernel still answers keepalives, and a blocked call of a C library listens to nobody: closing the
connection under it is what ends the wait.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any

from datameesh_cli.adapters import clock

_LOOK_SECONDS = 0.25


class Deadline:
    """Shuts a socket down when a time that was set has passed. `passed` are the seconds that it was set to, 0 until then."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._seconds = 0.0
        self._due: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.passed = 0.0

    def __enter__(self) -> Deadline:
        self._thread.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._over.set()
        self._thread.join()

    def set(self, seconds: float) -> None:
        """From now on so many seconds may pass until the next `set` or `clear`."""
        self._seconds = seconds
        self._due = clock.now() + seconds

    def clear(self) -> None:
        """Nobody waits."""
        self._due = None

    def _look(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            due = self._due
            if due is not None and clock.now() > due:
                self.passed = self._seconds
                with suppress(OSError), socket.fromfd(self._descriptor, socket.AF_INET, socket.SOCK_STREAM) as same:
                    same.shutdown(socket.SHUT_RDWR)
                return
