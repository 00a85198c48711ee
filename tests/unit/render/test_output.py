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
from datameesh_cli.core.selection import Selection
from datameesh_cli.render.output import plain, print_json, print_table
from datameesh_cli.render.plan import plan_json, print_plan, print_preview
from datameesh_cli.render.stack import StartProgress, print_places, print_status, print_stopped
from datameesh_cli.usecases.plan_memory import InForce, Planned, Preview
from datameesh_cli.usecases.show_status import Address, ServiceStatus, Status
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
    with StartProgress() as progress:
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


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("in force", ""),
        ("", ""),
        ("off", "Switched off: every container"),
        (
            "not in force",
            "No rules are set (a new start of the machine takes them): every container on the stack's network",
        ),
        ("out of date", "Something else is let through than the declared connections."),
    ],
)
def test_a_network_without_its_rules_is_said(network: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_status(Status("datameesh", "datameesh", True, (), 0, (), {}, healthy=True, network=network))
    told = capsys.readouterr().err
    assert said in told
    assert bool(told) is bool(said)


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
            Address("S3", "http://localhost:30901/", "admin", "minio-secret-key", ("look",), "minio"),
            Address("Trino", "http://localhost:30808/ui/", "admin", None, (), "trino"),
            Address("Docs", "http://localhost:30082/", None, None, (), "docs"),
        ]
    )
    out = capsys.readouterr().out
    assert "admin / dm credentials minio-secret-key" in out
    assert "admin, no password" in out
    assert "none" in out


@pytest.mark.parametrize("used", [None, 50])
def test_the_memory_in_use_has_a_column_only_when_it_was_measured(
    used: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    web = ServiceStatus("web", "ns", "layer", "service", "healthy", True, "", 64, used, 0, (4000,), "datameesh/web:1")
    print_status(Status("datameesh", "datameesh", True, ("core",), 700, (web,), {}, healthy=True))
    head, _, row = capsys.readouterr().out.splitlines()[1:4]
    assert head.split() == [
        *("service", "namespace", "state", "limit", "MiB"),
        *(["used", "MiB"] if used else []),
        *("restarts", "ports", "image"),
    ]
    assert row.split() == ["web", "ns", "healthy", "64", *(["50"] if used else []), "4000", "datameesh/web:1"]


@pytest.mark.parametrize(
    ("running", "told"),
    [
        (None, []),
        (InForce(("core",), 700), []),
        (InForce(("core",), 900), ["running now: profiles core in a budget of 900 MiB"]),
        (
            InForce(("core", "analytics"), 1536),
            [
                "running now: profiles core, analytics in a budget of 1536 MiB",
                "dm up adds to what runs; for this plan alone: dm down first",
            ],
        ),
    ],
)
def test_a_plan_says_what_runs_beside_it(
    running: InForce | None, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    services = smallest_mesh().of_profiles(["core"])
    plan, wanted = plan_ram(services, 700, ("core",)), Selection(("core",))
    preview = Preview(Planned(smallest_mesh(), services, plan, (), "x", {}, selection=wanted), running)
    print_preview(preview)
    lines = capsys.readouterr().out.splitlines()
    assert lines[next(i for i, line in enumerate(lines) if line.startswith("profiles core:")) + 1 :] == told
    document = plan_json(preview)
    assert document["profiles"] == ["core"]
    assert document["running"] == (
        None
        if running is None
        else {
            "profiles": list(running.profiles),
            "budget": running.budget,
            "ports": {},
            "bind": "",
            "quotas": {},
            "services": [],
            "without": [],
        }
    )
