"""`dm audit postgres`, `access`, `dbt`: who did what, from what the services log and from what dbt's runs left."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from datameesh_cli.core.log_trail import Happening, authentications, database_happenings, sign_ins
from datameesh_cli.core.model import Service
from datameesh_cli.core.roles import DOMAIN_DATABASE, PLATFORM_DATABASE, SIGN_IN, SQL, all_providing
from datameesh_cli.core.trail import parse_since
from datameesh_cli.usecases.open_target import ChosenCluster, Opened, open_place
from datameesh_cli.usecases.run_dbt import last_summary

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters


def read_databases_log(
    adapters: Adapters, user: str, since: str, cluster: ChosenCluster | None = None
) -> tuple[Happening, ...]:
    """Given a person ("" for all) and how far back (`1h`), return what the databases logged of persons and programs, by time."""
    opened, moment = open_place(adapters, cluster), _moment(adapters, since)
    return _of(user, _in_databases(opened, moment))


def read_access(
    adapters: Adapters, user: str, since: str, cluster: ChosenCluster | None = None
) -> tuple[Happening, ...]:
    """Given a person ("" for all) and how far back (`1h`), return who signed in, or tried to, at sign-in services and databases.

    The SQL engine tells only of whom it did not let in: who came in asks, and is in the trail of statements.
    """
    opened, moment = open_place(adapters, cluster), _moment(adapters, since)
    at_doors = [h for s in _running(opened, SIGN_IN, SQL) for h in sign_ins(s.name, opened.target.log(s.name, moment))]
    return _of(user, [*at_doors, *authentications(_in_databases(opened, moment))])


def read_dbt(adapters: Adapters, user: str, since: str) -> tuple[dict[str, Any], ...]:
    """Given an account of this machine ("" for all) and how far back (`1h`), return the newest outcome of each model and test
    that it ran in this time, by time.

    Who may run dbt is whoever may run `dm`; it asks as a program, so every statement of it is in `dm audit queries --user dbt`.
    """
    moment = _moment(adapters, since)
    return tuple(
        sorted(
            ({"by": "", **e} for e in last_summary(adapters) if e["at"] >= moment and user in ("", e.get("by"))),
            key=lambda e: (e["at"], e["name"]),
        )
    )


def _moment(adapters: Adapters, since: str) -> str:
    return parse_since(since, adapters.clock.utc()).astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _running(opened: Opened, *roles: str) -> Sequence[Service]:
    return [
        s
        for role in roles
        for s in all_providing(opened.planned.model.services, role)
        if s.name in opened.target.running
    ]


def _in_databases(opened: Opened, moment: str) -> list[Happening]:
    services = _running(opened, DOMAIN_DATABASE, PLATFORM_DATABASE)
    return [h for s in services for h in database_happenings(s.name, opened.target.log(s.name, moment))]


def _of(user: str, happenings: Iterable[Happening]) -> tuple[Happening, ...]:
    return tuple(sorted((h for h in happenings if user in ("", h.person)), key=lambda h: h.at))
