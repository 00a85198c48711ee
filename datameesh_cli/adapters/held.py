"""Programs that are read in threads of their own, for the one who waits for all of them and may have to end them."""

from __future__ import annotations

import threading
from typing import Any

from datameesh_cli.adapters import process


class Held:
    """Programs of several threads, ended by one."""

    def __init__(self) -> None:
        self._children: list[Any] = []
        self._ended = False
        self._lock = threading.Lock()

    def add(self, child: Any) -> None:
        """Given a program that was started, hold it; if the others were ended already, it is ended too."""
        with self._lock:
            self._children.append(child)
            ended = self._ended
        if ended:
            process.end(child)

    def end(self) -> None:
        """End every program that still runs. The threads that read them come to an end by it."""
        with self._lock:
            self._ended = True
            children = tuple(self._children)
        for child in children:
            process.end(child)
