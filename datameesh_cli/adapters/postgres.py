"""The domains' databases: SQL and COPY. The only module that imports psycopg2; its exceptions become ours here."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from datameesh_cli.adapters.deadline import Deadline
from datameesh_cli.adapters.tunnel import Endpoint
from datameesh_cli.core.sql_text import quoted
from datameesh_cli.errors import DmError, UnhealthyError, UserError

# Chunks made ahead of the one that the server is taking: enough to overlap making and sending, too few to fill memory.
_AHEAD = 8


@dataclass(frozen=True, slots=True)
class Login:
    """A database, and who logs in to it."""

    service: str
    database: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait: for a login, for whoever holds a table, for a statement, and for a server that is silent amid a COPY.

    A COPY as a whole may take any time. The server keeps the middle two; a server that does not even do that is given up
    `grace` seconds later.
    """

    login: int = 10
    lock: int = 20
    statement: int = 300
    silence: int = 60
    grace: int = 10


PATIENCE = Patience()


class DatabaseSession:
    """One connection in one transaction, until `commit`. Leaving without it undoes everything."""

    def __init__(self, connection: Any, login: Login, patience: Patience, deadline: Deadline) -> None:
        self._connection = connection
        self._login = login
        self._patience = patience
        self._deadline = deadline

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Given SQL and values for its %s, run it and return its rows (none for a statement that has no result)."""
        with self._explained(), self._connection.cursor() as cursor, self._within_time():
            cursor.execute(sql, tuple(values) or None)
            return list(cursor.fetchall()) if cursor.description else []

    def copy_in(
        self, table: str, columns: Sequence[str], chunks: Iterator[tuple[bytes, int]], sent: Callable[[int], None]
    ) -> int:
        """Given a table that this transaction has emptied, its columns, and COPY text with row counts, load it; return the rows.

        The text is made in a thread of its own, so that making and loading overlap. `sent` hears the running count.
        """
        names = ", ".join(quoted(name) for name in columns)
        with self._copying() as cursor, _Ahead(chunks, sent, self._silence) as stream:
            # FREEZE: the table is new in this transaction, so its rows need no second visit by VACUUM.
            cursor.copy_expert(f"COPY {quoted(table)} ({names}) FROM STDIN WITH (FREEZE)", stream, size=1 << 16)
            return int(cursor.rowcount)

    def copy_out(self, query: str, sink: Any, *, header: bool) -> int:
        """Given a query and a binary file, write the result; return the number of rows.

        With `header`, as CSV under a line of column names; without, as plain text, a row a line.
        """
        form = "FORMAT csv, HEADER" if header else "FORMAT text"
        with self._copying() as cursor:
            cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH ({form})", _Heard(sink, self._silence))
            return int(cursor.rowcount)

    def commit(self) -> None:
        """Make everything since the session began permanent."""
        with self._explained(), self._within_time():
            self._connection.commit()

    @contextmanager
    def _copying(self) -> Iterator[Any]:
        """A cursor for a COPY, which as a whole has no time limit, but may not be silent for long."""
        self.run("SET LOCAL statement_timeout = 0")
        with self._explained(), self._connection.cursor() as cursor:
            self._silence(True)
            try:
                yield cursor
            finally:
                self._silence(False)
        self.run(f"SET LOCAL statement_timeout = '{self._patience.statement}s'")

    def _silence(self, begins: bool) -> None:
        """The server has something to do from now on; or it is our turn."""
        self._deadline.set(self._patience.silence) if begins else self._deadline.clear()

    @contextmanager
    def _within_time(self) -> Iterator[None]:
        self._deadline.set(self._patience.statement + self._patience.grace)
        try:
            yield
        finally:
            self._deadline.clear()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        import psycopg2

        try:
            yield
        except psycopg2.Error as failed:
            raise self._why(failed) from failed

    def _why(self, failed: Exception) -> DmError:
        import psycopg2

        service = self._login.service
        # First, because what libpq makes of a connection that we ended may look like anything.
        if self._deadline.passed:
            return UnhealthyError(
                f"{service} stopped answering: nothing came for {self._deadline.passed:.0f} s",
                f"see: dm status; dm logs {service}; nothing was changed",
            )
        if isinstance(failed, psycopg2.errors.LockNotAvailable):
            return UnhealthyError(
                f"{service}: another session uses the tables and did not end within {self._patience.lock} s",
                "wait for it, then run the command again; nothing was changed",
            )
        if isinstance(failed, psycopg2.errors.QueryCanceled):
            return UnhealthyError(
                f"{service}: a statement was not done within {self._patience.statement} s and was ended",
                f"see what keeps it busy: dm status --usage; dm logs {service}; nothing was changed",
            )
        return _failure(self._login, failed)


@contextmanager
def session(endpoint: Endpoint, login: Login, patience: Patience = PATIENCE) -> Iterator[DatabaseSession]:
    """Given where the server is and who logs in, open a transaction; what is not committed at the end is undone.

    Raise UnhealthyError if the server does not answer or refuses the login. No wait for it is longer than `patience`.
    """
    import psycopg2

    limits = {"lock_timeout": f"{patience.lock}s", "statement_timeout": f"{patience.statement}s"}
    limits["client_min_messages"] = "warning"
    try:
        connection = psycopg2.connect(
            host=endpoint.host,
            port=endpoint.port,
            dbname=login.database,
            user=login.user,
            password=login.password,
            connect_timeout=patience.login,
            application_name="dm",
            options=" ".join(f"-c {name}={value}" for name, value in limits.items()),
            # A machine that is gone without a word: asked after 15 s, given up after 30.
            keepalives=1,
            keepalives_idle=15,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=30_000,
        )
    except psycopg2.Error as failed:
        raise _failure(login, failed) from failed
    try:
        with Deadline(connection.fileno()) as deadline:
            yield DatabaseSession(connection, login, patience, deadline)
    finally:
        connection.close()


def _failure(login: Login, failed: Exception) -> DmError:
    import psycopg2

    lines = [line.strip() for line in str(failed).splitlines() if line.strip()] or [type(failed).__name__]
    message = lines[0].removeprefix("ERROR:").strip()
    if "password authentication failed" in str(failed):
        hint = (
            "after an update of DataMeesh: dm images build postgres, dm up; if the volume was made with another password: "
            "dm down --volumes, then dm up (the data goes)"
        )
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


class _Heard:
    """A file that COPY writes to. Each piece shows that the server is there."""

    def __init__(self, sink: Any, silence: Callable[[bool], None]) -> None:
        self._sink = sink
        self._silence = silence

    def write(self, piece: bytes) -> int:
        """Write a piece on."""
        written: int = self._sink.write(piece)
        self._silence(True)
        return written


class _Ahead:
    """A file that COPY reads, fed by a thread that makes the text ahead of it."""

    def __init__(
        self, chunks: Iterator[tuple[bytes, int]], sent: Callable[[int], None], silence: Callable[[bool], None]
    ) -> None:
        self._chunks = chunks
        self._sent = sent
        self._silence = silence
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
        # Who asks for more has taken the last chunk; while the next is made, the server waits for us.
        self._silence(False)
        item = self._ready.get()
        if isinstance(item, BaseException):
            raise item
        text, rows = item or (b"", 0)
        if rows:
            self._rows += rows
            self._sent(self._rows)
        self._silence(True)
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
