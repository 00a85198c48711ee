"""JSON that programs can read, tables that are not cut."""

from __future__ import annotations

import datetime
import decimal
import json
from pathlib import Path
from types import MappingProxyType

import pytest

from datameesh_cli.core.health import ServiceState
from datameesh_cli.core.ram_plan import plan_ram
from datameesh_cli.render.output import plain, print_json, print_table
from datameesh_cli.render.plan import print_plan
from datameesh_cli.render.stack import Progress, print_places, print_status, print_stopped
from datameesh_cli.usecases.plan_memory import Planned
from datameesh_cli.usecases.show_status import Place, Status
from datameesh_cli.usecases.stop_stack import Stopped
from tests.fakes.values import smallest_mesh


def test_every_value_of_a_result_becomes_json(capsys: pytest.CaptureFixture[str]) -> None:
    value = {
        "decimal": decimal.Decimal("36.64"),
        "day": datetime.date(2024, 1, 8),
        "path": Path("a/b"),
        "bytes": b"\x01\xff",
        "set": {1},
        "map": MappingProxyType({1: None}),
        "class": ServiceState("db", "healthy", True),
    }
    assert plain(value["decimal"]) == "36.64"
    print_json(value)
    assert json.loads(capsys.readouterr().out) == {
        "decimal": "36.64",
        "day": "2024-01-08",
        "path": "a/b",
        "bytes": "01ff",
        "set": [1],
        "map": {"1": None},
        "class": {"service": "db", "state": "healthy", "ok": True, "hopeless": False, "detail": ""},
    }


def test_a_table_in_a_pipe_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name", "text"], [("a", "x" * 150), ("b", "[bold]not markup[/bold]"), ("c", None)])
    out = capsys.readouterr().out
    assert "x" * 150 in out
    assert "[bold]not markup[/bold]" in out


def test_the_plan_shows_every_service_and_its_sum(capsys: pytest.CaptureFixture[str]) -> None:
    model = smallest_mesh()
    services = model.of_profiles(["analytics"])
    print_plan(Planned(model, services, plan_ram(services, 1536, ("core", "analytics")), (), "as asked", {}))
    out = capsys.readouterr().out
    assert all(f" {s.name} " in f" {out}" for s in services)
    worker = next(line for line in out.splitlines() if line.strip().startswith("trino-worker"))
    assert "left out below 3 GiB: the coordinator also works" in worker
    assert "of a budget of 1536 MiB (1536 MiB; as asked)" in out


def test_progress_tells_each_change_once_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress.show([ServiceState("db", "starting", False)], 0.5)
        progress.show([ServiceState("db", "starting", False)], 1.0)
        progress.show([ServiceState("db", "healthy", True)], 1.5)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split() for line in err.splitlines()] == [
        ["0.5", "s", "db", "starting"],
        ["1.5", "s", "db", "healthy"],
    ]


def test_a_stack_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    print_status(Status("datameesh", "datameesh", False, (), 0, (), {}, healthy=False))
    assert capsys.readouterr().out == "stack 'datameesh' is not running; start it with: dm up\n"


def test_what_down_left(capsys: pytest.CaptureFixture[str]) -> None:
    print_stopped(Stopped("datameesh", 5, None, (), ("a", "b")))
    assert "data stays in 2 volumes" in capsys.readouterr().out
    print_stopped(Stopped("datameesh", 5, None, ("a",), ()))
    assert "removed 1 volumes with their data, and the secrets" in capsys.readouterr().out
    print_stopped(Stopped("datameesh", 1, "sales-domain", (), ("a", "b")))
    assert capsys.readouterr().out == "removed 1 containers of namespace sales-domain; the others stay\n"


def test_places_say_how_to_log_in(capsys: pytest.CaptureFixture[str]) -> None:
    print_places(
        [
            Place("S3", "http://localhost:30901/", "admin", "minio-secret-key", ("look",), "minio"),
            Place("Trino", "http://localhost:30808/ui/", "admin", None, (), "trino"),
            Place("Docs", "http://localhost:30082/", None, None, (), "docs"),
        ]
    )
    out = capsys.readouterr().out
    assert "admin / dm credentials minio-secret-key" in out
    assert "admin, no password" in out
    assert "none" in out
