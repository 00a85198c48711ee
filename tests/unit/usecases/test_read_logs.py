"""`dm audit postgres`, `access` and `dbt`: whose logs are asked, since when, and what of them is told. The logs are scripted."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from datameesh_cli.adapters.adapters import Adapters, adapters_for
from datameesh_cli.errors import UserError
from datameesh_cli.render.trail import print_dbt, print_happenings
from datameesh_cli.usecases import read_logs as module
from datameesh_cli.usecases.open_target import Opened
from datameesh_cli.usecases.plan_memory import plan_memory
from datameesh_cli.usecases.read_logs import read_access, read_databases_log, read_dbt
from tests.contract.repo import ROOT

NOW = datetime.datetime(2026, 11, 21, 23, 30, tzinfo=datetime.timezone.utc)
LOGS = {
    "sales-db": (
        "2026-11-21T23:04:01Z 2026-11-21 23:04:01.000 UTC [71] alex@sales_db dm ERROR:  permission denied",
        "2026-11-21T23:04:03Z 2026-11-21 23:04:03.000 UTC [72] sarah@sales_db dm FATAL:  password authentication failed",
    ),
    "marketing-db": ("2026-11-21T23:04:02Z 2026-11-21 23:04:02.000 UTC [9] alex@marketing_db dm ERROR:  no",),
    "hive-metastore-db": (),
}
DOORS = {
    "sign-in": ('2026-11-21T23:04:00Z {"level":"INFO","msg":"login successful","preferred_username":"emma"}',),
    "trino-coordinator": (
        '2026-11-21T23:04:04Z ... sign-in level=ERROR msg="login refused: wrong name or password" user="mike" address=::1',
        "2026-11-21T23:04:05Z ... INFO query io.trino.event.QueryMonitor TIMELINE: Query 1",
    ),
}


@pytest.fixture
def asked() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def adapters(tmp_path: Path, asked: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> Adapters:
    adapters = adapters_for(root=ROOT, state_root=tmp_path)

    def log(service: str, since: str) -> tuple[str, ...]:
        asked.append((service, since))
        return (LOGS | DOORS)[service]

    opened = Opened(
        plan_memory(adapters, ("analytics",), 2048, elsewhere=True),
        cast(Any, SimpleNamespace(running=frozenset(LOGS | DOORS), log=log)),
    )
    monkeypatch.setattr(module, "open_place", lambda *_: opened)
    return replace(adapters, clock=cast(Any, SimpleNamespace(utc=lambda: NOW)))


def test_all_databases_that_run_are_asked_and_told_by_time(adapters: Adapters, asked: list[tuple[str, str]]) -> None:
    found = read_databases_log(adapters, "", "90m")
    assert [(h.service, h.person) for h in found] == [
        ("sales-db", "alex"),
        ("marketing-db", "alex"),
        ("sales-db", "sarah"),
    ]
    assert sorted(asked) == [(name, "2026-11-21T22:00:00Z") for name in sorted(LOGS)]


def test_one_person_s(adapters: Adapters) -> None:
    assert [h.text for h in read_databases_log(adapters, "alex", "1h")] == ["permission denied", "no"]
    assert read_databases_log(adapters, "nobody", "1h") == ()


def test_access_is_who_was_let_in_or_not(adapters: Adapters, capsys: pytest.CaptureFixture[str]) -> None:
    found = read_access(adapters, "", "1h")
    assert [(h.person, h.service, h.kind) for h in found] == [
        ("emma", "sign-in", "INFO"),
        ("sarah", "sales-db", "FATAL"),
        ("mike", "trino-coordinator", "ERROR"),
    ]
    print_happenings(found)
    assert "password authentication failed" in capsys.readouterr().out


def test_nothing_is_said_in_words(adapters: Adapters, capsys: pytest.CaptureFixture[str]) -> None:
    print_happenings(read_access(adapters, "nobody", "1h"))
    assert "no line of a log" in capsys.readouterr().out


def test_dbt_s_outcomes_of_a_time(adapters: Adapters, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="has not run yet"):
        read_dbt(adapters, "", "1h")
    entry = {"kind": "model", "outcome": "pass", "seconds": 1.5, "rows": 3, "message": "ok", "file": "dbt/x.sql"}
    outcomes = {
        "new": entry | {"name": "new", "at": "2026-11-21T23:00:00.5Z", "by": "grace"},
        # What was written down before it was written down by whom.
        "nobody's": entry | {"name": "nobody's", "at": "2026-11-21T23:00:00.4Z"},
        "old": entry | {"name": "old", "at": "2026-11-21T22:00:00.5Z"},
    }
    adapters.state.write("dbt-results.json", json.dumps(outcomes))
    found = read_dbt(adapters, "", "1h")
    assert [(e["name"], e["by"]) for e in found] == [("nobody's", ""), ("new", "grace")]
    print_dbt(found)
    assert "grace" in capsys.readouterr().out
    assert [e["name"] for e in read_dbt(adapters, "grace", "1h")] == ["new"]
    assert read_dbt(adapters, "alex", "1h") == ()
