"""Everything about a running stack that must be the same wherever it runs, as named facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from datameesh_cli.core.applicability import Situation, why_not
from datameesh_cli.core.check import Check
from datameesh_cli.core.checks.http import Http
from datameesh_cli.core.checks.psql import Psql
from datameesh_cli.core.k8s.balanced import whom_to_ask
from datameesh_cli.core.kind import ended
from datameesh_cli.core.model import Service
from datameesh_cli.core.observations import CHECKSUMS, COLUMNS, DENIALS, INSIDE, facts_inside, facts_of_rows, merged
from datameesh_cli.core.parity import UNASKED, UNSEEN, normalised
from datameesh_cli.core.roles import SQL, all_providing
from datameesh_cli.core.seed.dataset import Database
from datameesh_cli.core.stream import Report
from datameesh_cli.errors import DmError
from datameesh_cli.usecases.open_target import Opened
from datameesh_cli.usecases.verify_stack import cleaned_up, in_stages, situation_of

if TYPE_CHECKING:
    from datameesh_cli.adapters.target import ReachedStack

LAKE = "datalake"
RAW = "raw/"
_NOT_OURS = ("system", "tpch")
"""What the engine itself makes up: its queries and nodes, and rows for benches, which a small heap leaves out."""

Facts = dict[str, str]
Configs = Mapping[str, Sequence[str]]
"""By service: the paths of the configs inside."""


def observe_stack(
    opened: Opened, checks: Sequence[Check], databases: Sequence[Database], configs: Configs, report: Report
) -> Facts:
    """Given a running stack, all checks, the domains' databases and where configs are mounted, return the stack's facts.

    What the stack refuses to tell is a fact too, so that one that answers differs from one that does not.
    """
    target, services = opened.target, opened.planned.services
    running = {s.name: s for s in services if opened.planned.replicas.get(s.name)}
    alike = {name for s in running.values() for name in s.balances}
    kind = target.kind
    facts = merged(
        _inside(target, s, whom_to_ask(s, running), configs.get(s.name, ()))
        for s in running.values()
        if s.name not in alike
    )
    report(f"{kind}: {len(facts)} facts from inside the containers")
    if any(s.name in target.running for s in all_providing(services, SQL)):
        facts |= merged(_catalog(target, catalog) for catalog in _catalogs(target))
    facts |= merged(_database(target, database) for database in databases if database.service in target.running)
    facts |= _raw_objects(target) | merged(_ways_in(target, list(running.values())))
    report(f"{kind}: {len(facts)} facts with schemas, data, denials and ports")
    facts |= _checks(opened, checks, databases)
    report(f"{kind}: {len(facts)} facts in all")
    return facts


def _inside(target: ReachedStack, service: Service, asked: str, configs: Sequence[str]) -> Facts:
    program = ["sh", "-c", INSIDE, "facts"]
    try:
        if service.kind == "job":
            text = ended(target.run_job(service.name, configs, program)).out
        else:
            text = target.run(asked, [*program, *configs]).out
    except DmError as failed:
        return {f"user/{service.name}": UNSEEN + failed.message}
    return facts_inside(service.name, text)


def _catalogs(target: ReachedStack) -> list[str]:
    try:
        return sorted(str(name) for (name,) in target.sql(["SHOW CATALOGS"], "admin").rows if name not in _NOT_OURS)
    except DmError:
        return []


def _catalog(target: ReachedStack, catalog: str) -> Facts:
    try:
        return facts_of_rows("schema", catalog, target.sql([COLUMNS.format(catalog=catalog)], "admin"), 3)
    except DmError as failed:
        return {f"schema/{catalog}": UNSEEN + failed.message}


def _database(target: ReachedStack, database: Database) -> Facts:
    facts: Facts = {}
    # To try as everybody takes a superuser; to read takes the owner.
    for group, statement, key, user in (("denial", DENIALS, 2, "admin"), ("seed", CHECKSUMS, 1, database.login)):
        seen = Psql(database.service, database.name, statement, user).run(target)
        owner = database.service
        facts |= facts_of_rows(group, owner, seen, key) if not seen.error else {f"{group}/{owner}": UNSEEN + seen.error}
    return facts


def _raw_objects(target: ReachedStack) -> Facts:
    if target.store is None:
        return {}
    return {f"raw/{o.key}": f"{o.size} bytes, {o.etag}" for o in target.store.list(LAKE, RAW) if o.key.endswith(".csv")}


def _ways_in(target: ReachedStack, services: Sequence[Service]) -> Iterator[Facts]:
    """Each published port and each page that a folder names: its HTTP status."""
    asked = {(port.variable, "/") for s in services for port in s.ports}
    asked |= {(url.port, url.path) for s in services for url in s.urls}
    for port, path in sorted(asked):
        try:
            seen = f"status {Http(port, path=path).run(target).status}"
        except DmError as failed:
            seen = UNSEEN + failed.message
        yield {f"http/{port} {path}": seen}


def _checks(opened: Opened, checks: Sequence[Check], databases: Sequence[Database]) -> Facts:
    """The observation of each check that is meant for both targets."""
    target, planned = opened.target, opened.planned
    situation, _ = situation_of(planned, target, databases)

    def fact(check: Check) -> tuple[str, str]:
        return f"check/{check.id}", _observed(check, planned.model.services, situation, target)

    return dict(in_stages([c for c in checks if not c.target], planned.services, fact))


def _observed(check: Check, services: Sequence[Service], situation: Situation, target: ReachedStack) -> str:
    if reason := why_not(check, services, situation):
        return UNASKED + reason.text
    with cleaned_up(check, target):
        return normalised(check, check.ask(target))
