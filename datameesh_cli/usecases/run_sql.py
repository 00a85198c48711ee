"""`dm sql`: where statements come from, the session that runs them, and where in the text an error lies."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from datameesh_cli.core.roles import MARTS, SQL
from datameesh_cli.core.sql_text import Statement, place_in_whole, statements
from datameesh_cli.errors import SqlError, UserError
from datameesh_cli.usecases.open_target import trino_of
from datameesh_cli.usecases.plan_memory import Planned, plan_memory
from datameesh_cli.usecases.read_datasets import read_databases

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters, Clock
    from datameesh_cli.adapters.trino import Running, TrinoSession

Show = Callable[["Running", Callable[[], float]], None]
"""Gets a statement that runs, and what tells the seconds since it began."""


@dataclass(frozen=True, slots=True)
class Script:
    """Statements to run, in order, and the file they come from ("" for what was typed)."""

    statements: tuple[Statement, ...]
    file: str = ""


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A query of the repository: its name, what it answers, its file."""

    name: str
    about: str
    file: str


def open_session(adapters: Adapters, user: str, catalog: str, schema: str) -> TrinoSession:
    """Given a user and a place ("" if not named), return a session with the stack's Trino. Raise UnhealthyError if none runs."""
    planned = plan_memory(adapters, (), None)
    if not catalog and not schema:
        catalog, schema = _place_of_marts(adapters, planned), "public"
    return trino_of(adapters, planned).session(user, catalog or None, schema or None, raw=True)


def _place_of_marts(adapters: Adapters, planned: Planned) -> str:
    """Where unqualified names are looked up when the user names no place: the catalog of the domain that serves the marts."""
    service = planned.model.providing(MARTS).name
    return next((domain for domain, at in read_databases(adapters.repository).items() if at.service == service), "")


def script_of(adapters: Adapters, text: str, file: str = "") -> Script:
    """Given SQL, or `@name` for a named query, return what is to be run. Raise UserError if that is nothing."""
    if text.startswith("@") and not file:
        return named_script(adapters, text[1:].strip())
    found = statements(text)
    if not found:
        raise UserError(f"{file or 'the statement'} holds no SQL", 'for example: dm sql "SHOW CATALOGS"')
    return Script(found, file)


def file_script(adapters: Adapters, path: Path) -> Script:
    """Given a file of SQL, return what is to be run. Raise UserError if it cannot be read or holds nothing."""
    return script_of(adapters, adapters.repository.read_text(path), str(path))


def named_script(adapters: Adapters, name: str) -> Script:
    """Given the name of a query, return it. Raise UserError, with the names there are, if it is unknown."""
    query = next((q for q in named_queries(adapters) if q.name == name), None)
    if query is None:
        names = ", ".join(q.name for q in named_queries(adapters)) or "none"
        raise UserError(f"there is no query '@{name}'", f"queries: {names}")
    return script_of(adapters, adapters.repository.read_text(adapters.repository.root / query.file), query.file)


def named_queries(adapters: Adapters) -> tuple[NamedQuery, ...]:
    """Return the repository's queries; what one is about stands in the comment at its head."""
    folder = adapters.repository.root / "services" / adapters.repository.model().providing(SQL).folder / "queries"
    return tuple(
        NamedQuery(path.stem, _head(adapters.repository.read_text(path)), adapters.repository.relative(path))
        for path in adapters.repository.found(folder, "*.sql")
    )


def run_script(adapters: Adapters, session: TrinoSession, script: Script, show: Show) -> None:
    """Given a session and statements, run each and show its result. Raise UserError, with the place, at the first refused one."""
    for statement in script.statements:
        elapsed = partial(_seconds_since, adapters.clock, adapters.clock.now())
        try:
            with session.run(statement.text) as running:
                show(running, elapsed)
        except SqlError as refused:
            raise placed(refused, script, statement) from refused


def _seconds_since(clock: Clock, began: float) -> float:
    return clock.now() - began


def placed(error: SqlError, script: Script, statement: Statement) -> UserError:
    """Given Trino's complaint about a statement, return it as one line that names the place in the whole text."""
    where = [script.file] if script.file else []
    if error.line:
        where.append("line {}:{}".format(*place_in_whole(statement, error.line, error.column)))
    return UserError(f"{', '.join(where)}: {error.message}" if where else error.message, error.hint)


def _head(text: str) -> str:
    """Given a query's text, return the first sentence of the comment at its head."""
    lines = itertools.takewhile(lambda line: line.startswith("--"), text.lstrip().splitlines())
    comment = " ".join(line.removeprefix("--").strip() for line in lines)
    return comment.split(". ")[0].removesuffix(".")
