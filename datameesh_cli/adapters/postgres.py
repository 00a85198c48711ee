"""The domains' databases: SQL and COPY. The only module that imports psycopg2; its exceptions become ours here."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from datameesh_cli.adapters.relay import Endpoint
from datameesh_cli.errors import DmError, UnhealthyError, UserError

# How long a load waits for a reader that holds a table, and for a server that does not answer.
_LOCK_TIMEOUT = "20s"
_CONNECT_SECONDS = 10
# Chunks made ahead of the one that the server is taking: enough to overlap making and sending, too few to fill memory.
_AHEAD = 8


@dataclass(frozen=True, slots=True)
class Login:
    """A database, and who logs in to it."""

    service: str
    database: str
    user: str
    password: str


class Session:
    """One connection in one transaction, until `commit`. Leaving without it undoes everything."""

    def __init__(self, connection: Any, login: Login) -> None:
        self._connection = connection
        self._login = login

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Given SQL and values for its %s, run it and return its rows (none for a statement that has no result)."""
        with self._explained(), self._connection.cursor() as cursor:
            cursor.execute(sql, tuple(values) or None)
            return list(cursor.fetchall()) if cursor.description else []

    def copy_in(
        self, table: str, columns: Sequence[str], chunks: Iterator[tuple[bytes, int]], sent: Callable[[int], None]
    ) -> int:
        """Given a table that this transaction has emptied, its columns, and COPY text with row counts, load it; return the rows.

        The text is made in a thread of its own, so that making and loading overlap. `sent` hears the running count.
        """
        names = ", ".join(f'"{name}"' for name in columns)
        with self._explained(), self._connection.cursor() as cursor, _Ahead(chunks, sent) as stream:
            # FREEZE: the table is new in this transaction, so its rows need no second visit by VACUUM.
            cursor.copy_expert(f'COPY "{table}" ({names}) FROM STDIN WITH (FREEZE)', stream, size=1 << 16)
            return int(cursor.rowcount)

    def copy_out(self, query: str, sink: Any, *, header: bool) -> int:
        """Given a query and a binary file, write the result; return the number of rows.

        With `header`, as CSV under a line of column names; without, as plain text, a row a line.
        """
        form = "FORMAT csv, HEADER" if header else "FORMAT text"
        with self._explained(), self._connection.cursor() as cursor:
            cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH ({form})", sink)
            return int(cursor.rowcount)

    def commit(self) -> None:
        """Make everything since the session began permanent."""
        with self._explained():
            self._connection.commit()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        import psycopg2

        try:
            yield
        except psycopg2.errors.LockNotAvailable as busy:
            raise UnhealthyError(
                f"{self._login.service}: another session uses the tables and did not end within {_LOCK_TIMEOUT}",
                "wait for it, then run the command again; nothing was changed",
            ) from busy
        except psycopg2.Error as failed:
            raise _failure(self._login, failed) from failed


@contextmanager
def session(endpoint: Endpoint, login: Login) -> Iterator[Session]:
    """Given where the server is and who logs in, open a transaction; what is not committed at the end is undone.

    Raise UnhealthyError if the server does not answer or refuses the login.
    """
    import psycopg2

    try:
        connection = psycopg2.connect(
            host=endpoint.host,
            port=endpoint.port,
            dbname=login.database,
            user=login.user,
            password=login.password,
            connect_timeout=_CONNECT_SECONDS,
            application_name="dm",
            options=f"-c lock_timeout={_LOCK_TIMEOUT} -c client_min_messages=warning",
        )
    except psycopg2.Error as failed:
        raise _failure(login, failed) from failed
    try:
        yield Session(connection, login)
    finally:
        connection.close()


def _failure(login: Login, failed: Exception) -> DmError:
    import psycopg2

    lines = [line.strip() for line in str(failed).splitlines() if line.strip()] or [type(failed).__name__]
    message = lines[0].removeprefix("ERROR:").strip()
    if "password authentication failed" in str(failed):
        hint = "the volume was made with another password: dm down --volumes, then dm up (the data goes)"
        return UnhealthyError(f"{login.service}: the generated password of '{login.user}' is not accepted", hint)
    if isinstance(failed, (psycopg2.ProgrammingError, psycopg2.DataError, psycopg2.IntegrityError)):
        where = next((line for line in lines if line.startswith("CONTEXT:")), "").removeprefix("CONTEXT:").strip()
        place = f" ({where[:120]})" if where else ""
        return UserError(
            f"{login.service} refuses: {message}{place}", "correct the file under seed/; nothing was changed"
        )
    if isinstance(failed, psycopg2.errors.FeatureNotSupported) and "truncate" in message:
        detail = next((line for line in lines if line.startswith("DETAIL:")), "").removeprefix("DETAIL:").strip()
        return UserError(f"{login.service} refuses: {message}. {detail}", "drop that table's foreign key first")
    return UnhealthyError(f"{login.service}, {login.database}: {message}", f"see: dm logs {login.service}; dm status")


class _Ahead:
    """A file that COPY reads, fed by a thread that makes the text ahead of it."""

    def __init__(self, chunks: Iterator[tuple[bytes, int]], sent: Callable[[int], None]) -> None:
        self._chunks = chunks
        self._sent = sent
        self._ready: queue.Queue[tuple[bytes, int] | BaseException | None] = queue.Queue(_AHEAD)
        self._stop = threading.Event()
        self._rows = 0
        self._thread = threading.Thread(target=self._make, daemon=True)

    def __enter__(self) -> _Ahead:
        self._thread.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stop.set()
        self._thread.join()

    def read(self, _size: int = -1) -> bytes:
        """Return the next chunk, whatever its size; empty at the end."""
        item = self._ready.get()
        if isinstance(item, BaseException):
            raise item
        if item is None:
            return b""
        text, rows = item
        self._rows += rows
        self._sent(self._rows)
        return text

    def _make(self) -> None:
        try:
            for chunk in self._chunks:
                self._put(chunk)
                if self._stop.is_set():
                    return
            self._put(None)
        except BaseException as failure:
            self._put(failure)

    def _put(self, item: tuple[bytes, int] | BaseException | None) -> None:
        while not self._stop.is_set():
            try:
                self._ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return
