"""SQL through Trino. The only module that imports its client; Trino's errors become ours here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from datameesh_cli.adapters import clock, http
from datameesh_cli.core.kind import Trust
from datameesh_cli.errors import DmError, SqlError, UnhealthyError, UserError

_NOT_YET = ("SERVER_STARTING_UP", "NO_NODES_AVAILABLE")
_NOBODY_YET = "authenticators were not loaded"
"""What it says, with status 500, in the seconds between opening its port and knowing who may sign in."""
_ASK_AGAIN = "see: ./dm status, ./dm logs"
_LONGEST_CHANGE = 900
"""Seconds after which a statement is asked although secrets still change."""


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result: its name, and its type as Trino spells it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class QueryResult:
    """A whole result. `changed` is how many rows an INSERT, UPDATE or the like wrote, else None."""

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    changed: int | None = None


class Running:
    """A statement that runs on the server: its columns are known, its rows come as they are asked for."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    @property
    def columns(self) -> tuple[ResultColumn, ...]:
        """The columns; none for a statement without a result."""
        return tuple(ResultColumn(c.name, str(c.type_code)) for c in self._cursor.description or ())

    @property
    def kind(self) -> str:
        """What a statement without a result was, such as `CREATE TABLE`; "" for a query."""
        return str(self._cursor.update_type or "")

    @property
    def changed(self) -> int | None:
        """How many rows were written, or None where that means nothing."""
        return self._cursor.rowcount if self._cursor.rowcount >= 0 else None

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows; memory holds no more than one page of them."""
        with _explained():
            for row in self._cursor:
                yield tuple(row)


@dataclass(frozen=True, slots=True)
class TrinoSession:
    """A session with Trino: what USE and SET SESSION change stays in force for the statements that follow."""

    connection: Any
    patience: float
    changing: Callable[[], bool] = _never

    @property
    def place(self) -> str:
        """The catalog and schema in use, such as `sales.public`; "" before the first USE."""
        parts = (self.connection._client_session.catalog, self.connection._client_session.schema)
        return ".".join(part for part in parts if part)

    @contextmanager
    def run(self, statement: str) -> Iterator[Running]:
        """Given a statement, start it; whatever ends the block early, Ctrl-C too, also ends it on the server.

        While the cluster still starts, or no worker has announced itself, it is tried again for `patience` seconds; while secrets
        change, it waits for the end of that.
        Raise SqlError for a statement that Trino refuses, UnhealthyError for a cluster that does not answer or cannot run it.
        """
        _wait_while(self.changing)
        cursor = self.connection.cursor()
        try:
            self._start(cursor, statement)
            yield Running(cursor)
        finally:
            _end(cursor)

    def query(self, statement: str) -> QueryResult:
        """Given one statement, run it and return its whole result. Raise SqlError or UnhealthyError (see `run`)."""
        with self.run(statement) as running:
            rows = tuple(running.rows())
            return QueryResult(running.columns, rows, running.changed)

    def _start(self, cursor: Any, statement: str) -> None:
        refused: DmError | None = None

        def started() -> bool | None:
            nonlocal refused
            try:
                with _explained():
                    cursor.execute(statement)
            except DmError as failed:
                if not _is_starting(failed.__cause__):
                    raise
                refused = failed
                return None
            return True

        if not clock.wait_until(started, self.patience, every=0.5) and refused:
            raise refused


@dataclass(frozen=True, slots=True)
class Trino:
    """A Trino coordinator. `patience` is how many seconds a statement waits for a cluster that is still starting.

    `trust` says who must answer there, and `password_of` by what a person or program signs in; without, it is one that speaks
    plain HTTP and takes a user at its word. `changing` says whether it may be restarted in this moment, with new secrets.
    """

    host: str
    port: int
    trust: Trust | None = None
    password_of: Callable[[str], str] | None = None
    patience: float = 30
    changing: Callable[[], bool] = _never

    def session(
        self,
        user: str = "admin",
        catalog: str | None = None,
        schema: str | None = None,
        timeout: float | None = None,
        raw: bool = False,
    ) -> TrinoSession:
        """Given a user and where unqualified names are looked up, return a session; `timeout` limits each statement, in seconds.

        With `raw`, dates, times and decimals come as Trino's own text: Python has no type for all of their values. Raise
        UserError for a user whom nobody knows.
        """
        from trino import auth, dbapi

        _wait_while(self.changing)
        # The client's functions carry no types.
        client: Any = dbapi
        limit = {"query_max_execution_time": f"{timeout:.0f}s"} if timeout else None
        connection = client.connect(
            host=self.host,
            port=self.port,
            user=user,
            auth=auth.BasicAuthentication(user, self.password_of(user)) if self.password_of else None,
            http_scheme="https" if self.trust else "http",
            catalog=catalog,
            schema=schema,
            source="dm",
            session_properties=limit,
            http_session=http.session(self.trust),
            legacy_primitive_types=raw,
        )
        return TrinoSession(connection, self.patience, self.changing)

    def query(
        self,
        statement: str,
        user: str = "admin",
        catalog: str | None = None,
        schema: str | None = None,
        timeout: float | None = 120,
    ) -> QueryResult:
        """Given one statement, run it and return its whole result. Raise SqlError or UnhealthyError (see `Session.run`)."""
        return self.session(user, catalog, schema, timeout).query(statement)

    def at_work(self) -> int:
        """Return how many statements run or wait, without those of the health check and this one."""
        others = "state NOT IN ('FINISHED', 'FAILED') AND coalesce(source, '') <> 'healthcheck'"
        asked = f"SELECT count(*) - 1 FROM system.runtime.queries WHERE {others}"
        return int(replace(self, changing=_never).query(asked, timeout=30).rows[0][0])


def _wait_while(changing: Callable[[], bool]) -> None:
    clock.wait_until(lambda: None if changing() else True, _LONGEST_CHANGE, every=0.5)


def _is_starting(failed: BaseException | None) -> bool:
    from trino.exceptions import TrinoQueryError

    return failed.error_name in _NOT_YET if isinstance(failed, TrinoQueryError) else _NOBODY_YET in str(failed)


def _end(cursor: Any) -> None:
    """End a statement on the server if it still runs. That it cannot be told so is no second failure."""
    from trino.exceptions import Error, HttpError

    try:
        cursor.cancel()
    except (Error, HttpError):
        return


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what the Trino client raises into our errors."""
    from trino.exceptions import Error, HttpError, TrinoDataError, TrinoQueryError

    try:
        yield
    except TrinoQueryError as failed:
        raise _query_error(failed) from failed
    except TrinoDataError as failed:
        raise UserError(str(failed), "cast the column to varchar") from failed
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as odd:
        why = f"what answers there is not understood as Trino's ({type(odd).__name__})"
        raise UnhealthyError(why, "does another program have the port? see: ./dm urls, ./dm status") from odd
    except (Error, HttpError) as failed:
        why = " ".join(str(failed).split())
        if _NOBODY_YET in why:
            raise UnhealthyError(f"Trino is not ready: {_NOBODY_YET}", "wait a moment; see: ./dm status") from failed
        if "error 401" in why:
            said = "Trino does not let this user in: the password that dm knows is not the one that holds there"
            raise UserError(said, "see: ./dm credentials; Trino reads a changed password within 10 s") from failed
        if "error 403" in why:
            raise UserError(f"Trino does not let this user in: {why[:200]}", "see: ./dm user list") from failed
        if "SSLError" in why:
            said = "what answers there shows no certificate of this stack's authority"
            raise UnhealthyError(
                said, "does another program have the port, or an older stack? see: ./dm urls, ./dm up"
            ) from failed
        if "Connection refused" in why or "Max retries" in why:
            why = "nothing listens there"
        raise UnhealthyError(f"Trino does not answer: {why[:200]}", _ASK_AGAIN) from failed


def _query_error(failed: Any) -> DmError:
    line, column = failed.error_location or (0, 0)
    message = " ".join(str(failed.message).split()).removeprefix(f"line {line}:{column}: ")
    if failed.error_type == "USER_ERROR":
        return SqlError(message, "", line, column, str(failed.error_name))
    if failed.error_name in _NOT_YET:
        return UnhealthyError(f"Trino is not ready: {message}", "wait a moment; see: ./dm status")
    if failed.error_name == "EXCEEDED_TIME_LIMIT":
        return UnhealthyError(f"Trino was too slow: {message}", _ASK_AGAIN)
    if failed.error_type == "INSUFFICIENT_RESOURCES":
        return UnhealthyError(f"Trino cannot run this: {message}", "give the stack more: ./dm up --ram <more>")
    return UnhealthyError(f"Trino failed: {message} ({failed.error_name})", _ASK_AGAIN)
