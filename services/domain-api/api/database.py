"""Connections of one role to one database: as many as there are threads, kept open, each with its statements prepared."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psycopg2
from psycopg2.extensions import connection

from api.problem import away
from api.resource import Statement

T = TypeVar("T")
PAUSE = 1.0
"""Seconds for which nobody tries again to reach a database that was away: everybody is told at once instead of waiting in turn."""
GONE = (psycopg2.OperationalError, psycopg2.InterfaceError)


class Connection(connection):
    """One connection, and what it has prepared."""

    prepared: set[str]

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.prepared = set()
        self.autocommit = True


class Database:
    """A pool of at most `size` connections. The password is read anew for each: it may have been rotated."""

    def __init__(self, dsn: str, secret: str, size: int, program: str) -> None:
        self._dsn, self._secret, self._program = dsn, Path(secret), program
        self._free: list[Connection] = []
        self._places = threading.BoundedSemaphore(size)
        self._away_until = 0.0

    def run(self, work: Callable[[Connection], T]) -> T:
        """Given what to do with a connection, return what comes of it. A connection that turns out to be dead is replaced once.

        Raise Problem (503) where the database cannot be reached.
        """
        with self._place():
            while self._free:
                kept = self._free.pop()
                try:
                    return self._done(kept, work(kept))
                except GONE as broken:
                    if not _lost(kept, broken):
                        self._recover(kept)
                        raise
                    # The server was started anew: the others are as dead.
                    self._drop(kept)
                except BaseException:
                    self._recover(kept)
                    raise
            fresh = self.open()
            try:
                return self._done(fresh, work(fresh))
            except BaseException as broken:
                if _lost(fresh, broken):
                    self._drop(fresh)
                    raise away("the database") from broken
                self._recover(fresh)
                raise

    def _done(self, used: Connection, result: T) -> T:
        self._free.append(used)
        return result

    def _recover(self, used: Connection) -> None:
        """After an error the statement is over; the connection is as good as new, unless it was lost with it."""
        try:
            if not used.autocommit:
                used.rollback()
                used.autocommit = True
            self._free.append(used)
        except GONE:
            self._drop(used)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=2):
            raise away("a free connection to the database")
        try:
            yield
        finally:
            self._places.release()

    def open(self) -> Connection:
        """Return a connection that is not of the pool. Raise Problem (503)."""
        if time.monotonic() < self._away_until:
            raise away("the database")
        try:
            return psycopg2.connect(  # type: ignore[no-any-return]
                self._dsn,
                password=self._secret.read_text().strip(),
                connection_factory=Connection,
                application_name=self._program,
                connect_timeout=2,
                tcp_user_timeout=3000,
                options="-c statement_timeout=5s -c lock_timeout=3s -c idle_in_transaction_session_timeout=10s",
            )
        except GONE as refused:
            self._away_until = time.monotonic() + PAUSE
            raise away("the database") from refused

    @staticmethod
    def _drop(used: Connection) -> None:
        with suppress(GONE):
            used.close()


def _lost(used: Connection, broken: BaseException) -> bool:
    """Whether a connection is gone: closed, or its server is about to stop (57P..)."""
    return bool(used.closed) or str(getattr(broken, "pgcode", None) or "").startswith("57P")


def prepared(conn: Connection, statement: Statement, values: Sequence[Any], person: tuple[str, str, str]) -> Any:
    """Given a connection, a statement, its values, and for whom (name, which rows, unmasked), return its first row, or None.

    What the policies of the tables ask for is told in the same breath: it holds for this statement and no longer.
    """
    with conn.cursor() as cursor:
        if statement.name not in conn.prepared:
            cursor.execute(statement.prepare)
            conn.prepared.add(statement.name)
        cursor.execute(f"{FOR_WHOM}; {statement.execute}", (*person, *values))
        return cursor.fetchone()


FOR_WHOM = (
    "SELECT set_config('api.person', %s, true), set_config('api.rows', %s, true), set_config('api.unmasked', %s, true)"
)
