"""`dm seed`: both domains or neither, and nobody's rows are lost. The databases are scripted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from datameesh_cli.adapters.adapters import Adapters, Databases, adapters_for
from datameesh_cli.adapters.postgres import Login
from datameesh_cli.adapters.tunnel import Endpoint
from datameesh_cli.errors import UnhealthyError, UserError
from datameesh_cli.usecases import seed_data as module
from datameesh_cli.usecases.open_target import Opened
from datameesh_cli.usecases.plan_memory import plan_memory
from datameesh_cli.usecases.seed_data import Seeded, SeedRequest, list_sets, seed_data
from tests.contract.repo import ROOT
from tests.unit.usecases.test_load_domain import DECLARED, Server

DOMAINS = [d.domain for d in DECLARED.datasets]
SERVICES = frozenset(d.database.service for d in DECLARED.datasets)


class Database(Server):
    """A domain's database: what it holds, rows that were added to it, and how often it was committed."""

    held: str = ""
    added: int = 0
    commits: int = 0

    def run(self, sql: str, values: Any = ()) -> list[tuple[Any, ...]]:
        tables = self.dataset.tables
        if "to_regclass" in sql:
            return [("there",)] if self.held else [(None,)]
        if "FROM datameesh.loaded_set l ORDER" in sql:
            return [("small", t.name, 10, 1, self.held, "77") for t in tables]
        if "FROM pg_class" in sql and "relowner" in sql:
            return [(t.name, "owner", True) for t in tables] if self.held else []
        if "xmin" in sql:
            return [(10, self.added)]
        return [("78",)] if "hash_record" in sql else super().run(sql, values)

    def commit(self) -> None:
        self.commits += 1


@dataclass
class Stack:
    """A running stack whose databases are those above."""

    databases: dict[str, Database]
    running: frozenset[str] = SERVICES
    kind: str = "compose"
    store: Any = None
    trino: Any = None
    reached: list[str] = field(default_factory=list)

    @contextmanager
    def reach(self, service: str, port: int) -> Iterator[Endpoint]:
        self.reached.append(service)
        yield Endpoint(service, port, "direct")


@pytest.fixture
def stack() -> Stack:
    return Stack({d.database.service: Database(d) for d in DECLARED.datasets})


@pytest.fixture
def adapters(tmp_path: Path, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Adapters:
    adapters = adapters_for(root=ROOT, state_root=tmp_path)
    adapters.state.ensure_secrets([d.database.password for d in DECLARED.datasets])
    opened = Opened(plan_memory(adapters, ("core",), 2048, elsewhere=True), cast(Any, stack))
    monkeypatch.setattr(module, "open_place", lambda *_: opened)

    passwords = {d.database.service: d.database.password for d in DECLARED.datasets}

    @contextmanager
    def session(endpoint: Endpoint, login: Login) -> Iterator[Database]:
        assert login.service == endpoint.host
        assert login.password == adapters.state.secret(passwords[login.service])
        yield stack.databases[login.service]

    return replace(adapters, databases=cast(Databases, SimpleNamespace(Login=Login, session=session)))


def _seeded(adapters: Adapters, **request: Any) -> Seeded:
    return seed_data(adapters, SeedRequest("small", **request), lambda _: None, lambda _: None)


def test_every_domain_is_loaded_and_committed_once(adapters: Adapters, stack: Stack) -> None:
    seeded = _seeded(adapters)
    assert [d.domain for d in seeded.domains] == DOMAINS
    assert all(d.loaded and d.way == "direct" for d in seeded.domains)
    assert {database.commits for database in stack.databases.values()} == {1}
    assert seeded.lake is None


def test_a_set_that_is_there_is_not_loaded_again_unless_forced(adapters: Adapters, stack: Stack) -> None:
    for database in stack.databases.values():
        database.held = DECLARED.content("small", 1)
    assert not any(d.loaded for d in _seeded(adapters).domains)
    assert {database.commits for database in stack.databases.values()} == {0}
    assert all(d.loaded for d in _seeded(adapters, force=True).domains)


def test_rows_that_no_load_brought_are_not_lost_without_a_word(adapters: Adapters, stack: Stack) -> None:
    for database in stack.databases.values():
        database.held, database.added = "another set", 2
    with pytest.raises(
        UserError, match=r"loading set small would lose what was changed since the last load: .*2 added"
    ) as refused:
        _seeded(adapters, scale=3)
    assert "dm seed --set small --scale 3 --force" in refused.value.hint
    assert not [s for database in stack.databases.values() for s in database.ran if s.startswith(("COPY", "TRUNCATE"))]


def test_a_domain_that_fails_leaves_the_other_as_it_was(adapters: Adapters, stack: Stack) -> None:
    last = stack.databases[DECLARED.datasets[-1].database.service]
    last.broken = 1
    with pytest.raises(UserError, match="1 rows break it"):
        _seeded(adapters)
    assert {database.commits for database in stack.databases.values()} == {0}


def test_a_domain_that_does_not_run_is_named(adapters: Adapters, stack: Stack) -> None:
    stack.running = frozenset()
    with pytest.raises(UnhealthyError, match=f"{DECLARED.datasets[0].database.service} is not running"):
        _seeded(adapters)
    assert list_sets(adapters).domains == {}


def test_what_is_held_is_listed_with_the_sets_there_are(adapters: Adapters, stack: Stack) -> None:
    for database in stack.databases.values():
        database.held = "x"
    holdings = list_sets(adapters)
    assert {s.name for s in holdings.sets} >= {"small", "journey"}
    assert list(holdings.domains) == DOMAINS
    assert set(holdings.counts.values()) == {10}
