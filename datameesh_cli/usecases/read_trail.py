"""`dm audit queries`: what was asked of the SQL engine, by whom, and what of it is not known."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datameesh_cli.core.roles import STATEMENT_TRAIL
from datameesh_cli.core.trail import HEALTH_CHECK, Gap, Statement, Trail, parse_since
from datameesh_cli.errors import UnhealthyError
from datameesh_cli.usecases.open_target import ChosenCluster, Opened, open_place, secret_of

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.postgres import DatabaseSession

_PORT = 5432
_COLUMNS = ", ".join(Statement.__dataclass_fields__)
_STATEMENTS = f"""
SELECT {_COLUMNS} FROM audit.statements
WHERE at >= %s AND (person = %s OR (%s = '' AND person <> %s)) ORDER BY at DESC, query_id DESC LIMIT %s
"""
_GAPS = "SELECT day, engine, missed FROM audit.missed WHERE last_at >= %s ORDER BY first_at"
_LOST = "SELECT coalesce(sum(lost), 0) FROM audit.events WHERE kind = 'lost' AND at >= %s"


@dataclass(frozen=True, slots=True)
class TrailRequest:
    """Whose statements ("" for everybody's but health checks), since when (`1h`), and how many at most."""

    user: str = ""
    since: str = "1h"
    limit: int = 100


def read_trail(adapters: Adapters, request: TrailRequest, cluster: ChosenCluster | None = None) -> Trail:
    """Given what is asked for, return the statements that were written down, and what is missing.

    Raise UserError for a `since` that is none, UnhealthyError if the trail's database does not run.
    """
    since = parse_since(request.since, adapters.clock.utc())
    opened = open_place(adapters, cluster)
    with _reading(adapters, opened) as session:
        whose = (since, request.user, request.user, HEALTH_CHECK, request.limit + 1)
        found = [_statement(row) for row in session.run(_STATEMENTS, whose)]
        gaps = tuple(Gap(*row) for row in session.run(_GAPS, (since,)))
        lost = int(session.run(_LOST, (since,))[0][0])
    collecting = opened.planned.model.providing(STATEMENT_TRAIL).name in opened.target.running
    return Trail(tuple(reversed(found[: request.limit])), len(found) > request.limit, gaps, lost, collecting)


def _statement(row: tuple[object, ...]) -> Statement:
    at, *rest = (tuple(value or ()) if isinstance(value, list) else value for value in row)
    assert isinstance(at, datetime.datetime)
    return Statement(at.astimezone(datetime.timezone.utc).isoformat(" ", "milliseconds").removesuffix("+00:00"), *rest)  # type: ignore[arg-type]


@contextmanager
def _reading(adapters: Adapters, opened: Opened) -> Iterator[DatabaseSession]:
    """The trail's database, named after who writes it and on the server that it is connected to, by who may only read."""
    writer = opened.planned.model.providing(STATEMENT_TRAIL)
    server = writer.consumes[0].service
    if server not in opened.target.running:
        raise UnhealthyError(
            f"{server} does not run, where the statements are kept", f"start it: dm up --profile {writer.profile}"
        )
    password = secret_of(adapters, opened, f"{writer.name}-reader-password")
    login = adapters.databases.Login(server, writer.name, f"{writer.name}_reader", password)
    with opened.target.reach(server, _PORT) as endpoint, adapters.databases.session(endpoint, login) as session:
        yield session
