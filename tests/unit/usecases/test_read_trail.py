"""`dm audit queries`: what is asked of the trail's database, and by whom. The database is scripted."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from datameesh_cli.adapters.adapters import Adapters, Databases, adapters_for
from datameesh_cli.adapters.postgres import Login
from datameesh_cli.adapters.tunnel import Endpoint
from datameesh_cli.core.trail import Gap, parse_since
from datameesh_cli.errors import UnhealthyError, UserError
from datameesh_cli.render.trail import print_trail
from datameesh_cli.usecases import read_trail as module
from datameesh_cli.usecases.open_target import Opened
from datameesh_cli.usecases.plan_memory import plan_memory
from datameesh_cli.usecases.read_trail import TrailRequest, read_trail
from tests.contract.repo import ROOT

UTC = datetime.timezone.utc
NOW = datetime.datetime(2026, 11, 21, 23, 0, tzinfo=UTC)


def _row(number: int, outcome: str = "finished") -> tuple[Any, ...]:
    """One statement of alex's, as the database tells it; 23:00 in a zone two hours ahead is 21:00."""
    at = datetime.datetime(2026, 11, 21, 23, 0, number, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    query_id = f"20261121_210000_0000{number}_abcde"
    tables, columns = ["sales.public.orders"], ["sales.public.orders.region"]
    return at, "alex", None, "dm", query_id, "SELECT 1", tables, columns, outcome, None, 1250, 8, 0


class Database:
    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.asked: list[tuple[Any, ...]] = []

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.asked.append(tuple(values))
        if "audit.missed" in sql:
            return [("20261121", "abcde", 3)]
        return [(2,)] if "lost" in sql else self.rows[: values[-1]]


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def running() -> set[str]:
    return {"hive-metastore-db", "audit"}


@pytest.fixture
def adapters(tmp_path: Path, database: Database, running: set[str], monkeypatch: pytest.MonkeyPatch) -> Adapters:
    adapters = adapters_for(root=ROOT, state_root=tmp_path)
    adapters.state.ensure_secrets(["audit-reader-password"])

    @contextmanager
    def reach(service: str, port: int) -> Iterator[Endpoint]:
        yield Endpoint(service, port, "direct")

    target = cast(Any, SimpleNamespace(running=running, reach=reach))
    opened = Opened(plan_memory(adapters, ("analytics",), 2048, elsewhere=True), target)
    monkeypatch.setattr(module, "open_place", lambda *_: opened)

    @contextmanager
    def session(endpoint: Endpoint, login: Login) -> Iterator[Database]:
        assert (endpoint.host, endpoint.port) == ("hive-metastore-db", 5432)
        password = adapters.state.secret("audit-reader-password")
        assert login == Login("hive-metastore-db", "audit", "audit_reader", password)
        yield database

    databases = cast(Databases, SimpleNamespace(Login=Login, session=session))
    return replace(adapters, databases=databases, clock=cast(Any, SimpleNamespace(utc=lambda: NOW)))


def test_the_newest_come_last_and_the_rest_is_said_to_be_there(adapters: Adapters, database: Database) -> None:
    database.rows = [_row(5), _row(4), _row(3)]
    trail = read_trail(adapters, TrailRequest(user="alex", since="30m", limit=2))
    assert [s.at for s in trail.statements] == ["2026-11-21 21:00:04.000", "2026-11-21 21:00:05.000"]
    assert (trail.more, trail.missed, trail.lost, trail.collecting) == (True, 3, 2, True)
    assert trail.gaps == (Gap("20261121", "abcde", 3),)
    assert (trail.statements[0].tables, trail.statements[0].columns) == (
        ("sales.public.orders",),
        ("sales.public.orders.region",),
    )
    half_past = NOW - datetime.timedelta(minutes=30)
    assert database.asked == [(half_past, "alex", "alex", "healthcheck", 3), (half_past,), (half_past,)]


def test_a_trail_tells_what_is_missing(
    adapters: Adapters, database: Database, running: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    running.discard("audit")
    database.rows = [_row(1, "refused")]
    print_trail(read_trail(adapters, TrailRequest()))
    out, err = capsys.readouterr()
    assert "refused" in out and "sales.public.orders" in out and "1.25" in out
    assert "3 statements of 20261121 have no row" in err
    assert "2 events reached the collector and were lost there" in err
    assert "the collector does not run" in err


def test_without_its_database_there_is_no_trail(adapters: Adapters, running: set[str]) -> None:
    running.discard("hive-metastore-db")
    with pytest.raises(UnhealthyError, match="hive-metastore-db does not run"):
        read_trail(adapters, TrailRequest())


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("1h", 3600), (" 7D ", 604800), ("0s", 0)])
def test_since_is_a_length_of_time(text: str, seconds: int) -> None:
    assert NOW - parse_since(text, NOW) == datetime.timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "h", "1 h", "-1h", "1w", "yesterday", "1h30m"])
def test_any_other_since_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="is no length of time"):
        parse_since(text, NOW)


def test_a_time_before_all_time_is_refused() -> None:
    with pytest.raises(UserError, match="--since '999999d' is before the year 1"):
        parse_since("999999d", NOW)
