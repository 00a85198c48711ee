"""Pages that were just asked for, kept for a second at most, and no longer than until their table changes.

The database tells of each change by a notification (seed/<domain>/schema.sql has the triggers); while nobody listens, nothing
is kept. Only what everybody who may read the table would see is kept, so nobody is answered with what another one may see.
"""

from __future__ import annotations

import select
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg2

from api.database import Database
from api.problem import Problem

_MOST = 4 * 2**20
Page = tuple[bytes, str]
"""A body and its mark."""


class Pages:
    """The pages of one replica."""

    def __init__(self, database: Database, seconds: float) -> None:
        self._database, self._seconds = database, seconds
        self._listening = False
        self._kept: dict[Any, tuple[float, int, Page]] = {}
        self._size = 0
        self._changes: Counter[str] = Counter()
        """How often each table was changed, as far as was told."""

    def start(self) -> None:
        """Begin to listen."""
        if self._seconds > 0:
            threading.Thread(target=self._listen_on, daemon=True, name="pages").start()

    def get(self, table: str, key: Any, made: Callable[[], Page]) -> Page:
        """Given a table, what is asked of it and how the page is made, return the page."""
        if not self._listening:
            return made()
        now, change = time.monotonic(), self._changes[table]
        kept = self._kept.get((table, key))
        if kept and kept[0] > now and kept[1] == change:
            return kept[2]
        # Counted before it is made: what changes meanwhile makes it old.
        page = made()
        self._size += len(page[0])
        if self._size > _MOST:
            self._kept.clear()
            self._size = len(page[0])
        self._kept[table, key] = (now + self._seconds, change, page)
        return page

    def _listen_on(self) -> None:
        while True:
            with suppress(Problem, psycopg2.Error, OSError, ValueError):
                self._listen()
            self._listening = False
            self._kept.clear()
            time.sleep(1)

    def _listen(self) -> None:
        wire = self._database.open()
        try:
            with wire.cursor() as cursor:
                cursor.execute("LISTEN api_changed")
            self._listening = True
            while not wire.closed:
                if select.select([wire], [], [], 60)[0]:
                    wire.poll()
                while wire.notifies:
                    self._changes[wire.notifies.pop(0).payload] += 1
        finally:
            wire.close()
