"""`dm up`: what is refused before anything is written, and how the wait ends."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.adapters.engine import EngineInfo
from datameesh_cli.core.health import Container, ServiceState
from datameesh_cli.errors import DmError, HostError, UnhealthyError, UserError
from datameesh_cli.usecases.mark_inputs import made_of
from datameesh_cli.usecases.show_status import show_status
from datameesh_cli.usecases.start_profile import Started, StartRequest, start_profile
from tests.fakes.adapters import FakeEngine, fake_adapters, files_of
from tests.fakes.values import a_container

NAMES = ("db", "metastore", "web")
HEALTHY = tuple(a_container(name) for name in NAMES)
LATER = "2026-02-02T00:00:00Z"


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield int(holder.getsockname()[1])


def _up(adapters: Adapters, **request: object) -> tuple[Started, list[Sequence[ServiceState]], list[str]]:
    seen: list[Sequence[ServiceState]] = []
    said: list[str] = []
    asked = StartRequest(ram=1024, build=False, **request)  # type: ignore[arg-type]
    return start_profile(adapters, asked, lambda states, _elapsed: seen.append(states), said.append), seen, said


def _changed(containers: Sequence[Container], service: str, **fields: object) -> tuple[Container, ...]:
    return tuple(replace(c, **fields) if c.service == service else c for c in containers)  # type: ignore[arg-type]


def test_a_start_ends_when_every_service_is_healthy(tmp_path: Path, free_port: int) -> None:
    starting = _changed(HEALTHY, "web", health="starting")
    adapters, compose = fake_adapters(tmp_path, FakeEngine((), starting, HEALTHY), web_port=free_port)
    started, seen, said = _up(adapters)
    assert compose.names() == ["resolve", "start", "left"]
    assert [s.state for s in seen[0]] == ["healthy", "healthy", "starting"]
    assert [s.state for s in started.states] == ["healthy"] * 3
    assert started.planned.plan.total <= 1024
    assert adapters.state.secret_names() == ("db-password", "metastore-password", "web-password")
    in_force = adapters.state.read_json("plan.json")
    assert in_force == {
        "profiles": ["core", "analytics"],
        "services": [],
        "without": [],
        "budget": 1024,
        "ports": {},
        "bind": "127.0.0.1",
        "quotas": {},
        "made_of": made_of(adapters),
    }
    assert "WEB_LIMIT=600" in adapters.state.env_file.read_text()
    assert compose.variables["WEB_LIMIT"] == "600"
    assert not list(adapters.state.folder.glob("*.draft"))
    assert said == ["compose/ now says what the service folders say"]


def test_a_second_start_says_nothing_new(tmp_path: Path, free_port: int) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine(HEALTHY), web_port=free_port)
    _up(adapters)
    before = files_of(tmp_path)
    _, _, said = _up(adapters)
    assert said == []
    assert files_of(tmp_path) == before


def test_a_dry_run_writes_and_starts_nothing(tmp_path: Path, free_port: int) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(), web_port=free_port)
    before = files_of(tmp_path)
    started, _, _ = _up(adapters, dry_run=True)
    assert started.dry_run
    assert (compose.calls, files_of(tmp_path)) == ([], before)


def test_a_budget_that_is_too_small_writes_and_starts_nothing(tmp_path: Path) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine())
    before = files_of(tmp_path)
    with pytest.raises(HostError, match="web 300 \\+ db 100 \\+ metastore 100 = 500"):
        start_profile(adapters, StartRequest(ram=499), lambda *_: None, print)
    written = {name: text for name, text in files_of(tmp_path).items() if name != ".dm/datameesh/lock"}
    assert (compose.calls, written) == ([], before)


def test_the_plan_is_made_under_the_lock(tmp_path: Path, free_port: int) -> None:
    """A `dm down` that ends between the plan and the lock would leave a plan of what ran before it."""
    held = []

    class Nosy(FakeEngine):
        def info(self) -> EngineInfo:
            try:
                with adapters.state.locked("down"):
                    held.append(False)
            except HostError:
                held.append(True)
            return super().info()

    adapters, _ = fake_adapters(tmp_path, Nosy((), HEALTHY), web_port=free_port)
    _up(adapters)
    assert held == [True]


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_address_of_another_machine_is_no_taken_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int, dry_run: bool
) -> None:
    monkeypatch.setenv("DM_BIND", "192.0.2.77")
    adapters, compose = fake_adapters(tmp_path, FakeEngine(), web_port=free_port)
    with pytest.raises(UserError, match=r"DM_BIND=192\.0\.2\.77 is not an address of this machine"):
        _up(adapters, dry_run=dry_run)
    assert compose.calls == []


def test_ports_for_everybody_are_warned_of_and_stay_so_until_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    monkeypatch.setenv("DM_BIND", "0.0.0.0")
    adapters, compose = fake_adapters(tmp_path, FakeEngine(HEALTHY), web_port=free_port)
    _, _, said = _up(adapters)
    (warning,) = [line for line in said if "DM_BIND" in line]
    assert warning.startswith(
        "warning: DM_BIND=0.0.0.0 lets every machine that reaches this one use the published ports"
    )
    assert "\n" not in warning
    monkeypatch.delenv("DM_BIND")  # another shell
    assert show_status(adapters).warning == warning
    assert warning in _up(adapters, dry_run=True)[2]
    assert compose.variables["DM_BIND"] == "0.0.0.0"
    assert warning in _up(adapters)[2]
    monkeypatch.setenv("DM_BIND", "127.0.0.1")
    assert not [line for line in _up(adapters)[2] if "DM_BIND" in line]
    assert show_status(adapters).warning == ""


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_taken_port_is_named_with_its_holder_before_anything_is_written(
    tmp_path: Path, taken_port: int, dry_run: bool
) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(), web_port=taken_port)
    before = files_of(tmp_path)
    with pytest.raises(HostError) as caught:
        _up(adapters, dry_run=dry_run)
    assert caught.value.message.startswith(f"port {taken_port} (for web) is taken by ")
    assert caught.value.message.endswith(f" (pid {os.getpid()})")
    assert "WEB_PORT=<port>" in caught.value.hint
    written = {name: text for name, text in files_of(tmp_path).items() if name != ".dm/datameesh/lock"}
    assert (compose.calls, written) == ([], before)


def test_a_port_that_a_container_holds_is_named_with_the_container(tmp_path: Path, taken_port: int) -> None:
    engine = FakeEngine()
    engine.publishers = {taken_port: "somebody-web-1"}
    adapters, _ = fake_adapters(tmp_path, engine, web_port=taken_port)
    with pytest.raises(HostError, match=f"port {taken_port} \\(for web\\) is taken by container somebody-web-1"):
        _up(adapters)


def test_our_own_container_may_hold_our_port(tmp_path: Path, taken_port: int) -> None:
    engine = FakeEngine(HEALTHY)
    engine.publishers = {taken_port: "datameesh-web-1"}
    adapters, _ = fake_adapters(tmp_path, engine, web_port=taken_port)
    assert len(_up(adapters)[0].states) == 3


def test_a_new_port_is_checked_although_the_service_runs_on_its_old_one(tmp_path: Path, taken_port: int) -> None:
    engine = FakeEngine(HEALTHY)
    engine.publishers = {30808: "datameesh-web-1"}
    adapters, compose = fake_adapters(tmp_path, engine, web_port=taken_port)
    with pytest.raises(HostError, match=f"port {taken_port}"):
        _up(adapters)
    assert compose.calls == []


def test_a_model_that_compose_refuses_leaves_the_plan_in_force_alone(tmp_path: Path, free_port: int) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(HEALTHY), web_port=free_port)
    _up(adapters)
    before = files_of(tmp_path)
    compose.refuses = UserError("the Compose model is not valid: services.web.nope", "correct it")
    with pytest.raises(UserError):
        start_profile(adapters, StartRequest(ram=2048, build=False), lambda *_: None, print)
    assert files_of(tmp_path) == before


def test_the_images_that_compose_would_start_are_the_ones_that_must_be_there(tmp_path: Path, free_port: int) -> None:
    engine = FakeEngine()
    engine.missing = {"trinodb/trino:476"}
    adapters, compose = fake_adapters(tmp_path, engine, web_port=free_port)
    compose.images = {"web": "trinodb/trino:476", "db": "datameesh/db:1"}
    with pytest.raises(HostError, match="missing images: trinodb/trino:476"):
        _up(adapters)
    assert sorted(engine.asked_images) == ["datameesh/db:1", "datameesh/metastore:1", "trinodb/trino:476"]
    assert compose.names() == ["resolve"]
    assert adapters.state.secret_names() == ()


def _fails(adapters: Adapters, **request: object) -> DmError:
    with pytest.raises(DmError) as caught:
        _up(adapters, **request)
    return caught.value


def test_a_failure_names_the_first_broken_link_with_its_last_error_line(tmp_path: Path, free_port: int) -> None:
    broken = _changed(
        _changed(HEALTHY, "db", status="restarting", health="", restarts=3, exit_code=1), "web", health="unhealthy"
    )
    engine = FakeEngine((), broken)
    engine.logs = {"datameesh-db-1": "starting\nFATAL: data directory has wrong ownership\nbye\n"}
    adapters, compose = fake_adapters(tmp_path, engine, web_port=free_port)
    error = _fails(adapters)
    assert isinstance(error, UnhealthyError)
    assert error.message.startswith("db is restarting (exit code 1, restarted 3 times) after 0 s; its log says: ")
    assert error.message.endswith("FATAL: data directory has wrong ownership")
    assert "dm why db" in error.hint
    assert compose.names()[-1] == "left"


def test_a_container_killed_for_memory_is_told_as_such(tmp_path: Path, free_port: int) -> None:
    broken = _changed(HEALTHY, "web", status="restarting", health="", oom_killed=True, restarts=1, limit=300)
    adapters, _ = fake_adapters(tmp_path, FakeEngine((), broken), web_port=free_port)
    error = _fails(adapters)
    assert "web is out of memory (killed at its limit of 300 MiB)" in error.message
    assert "--ram" in error.hint


def test_a_wait_that_takes_too_long_ends_and_says_for_whom(tmp_path: Path, free_port: int) -> None:
    slow = _changed(_changed(HEALTHY, "web", health="starting"), "metastore", health="starting")
    adapters, _ = fake_adapters(tmp_path, FakeEngine((), slow), web_port=free_port)
    error = _fails(adapters, timeout=0.2)
    assert error.message.startswith("metastore is starting after ")
    assert "--wait-timeout" in error.hint
    assert error.exit_code == 4


def test_a_compose_that_never_ends_is_left(tmp_path: Path, free_port: int) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(HEALTHY), web_port=free_port)
    compose.never_ends = True
    assert _fails(adapters, timeout=0.2).message.startswith("Compose did not end within ")
    assert compose.names()[-1] == "left"


def test_what_compose_failed_with_is_explained_by_the_service_that_failed(tmp_path: Path, free_port: int) -> None:
    adapters, compose = fake_adapters(
        tmp_path, FakeEngine((), _changed(HEALTHY, "db", health="unhealthy")), web_port=free_port
    )
    compose.failure = UnhealthyError("cannot start the stack: dependency failed to start", "")
    assert _fails(adapters).message.startswith("db is unhealthy after ")


@pytest.mark.parametrize("kind", [HostError, UserError, UnhealthyError])
def test_what_compose_failed_with_is_passed_on_where_no_service_explains_it(
    tmp_path: Path, free_port: int, kind: type[DmError]
) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(()), web_port=free_port)
    compose.failure = kind("cannot start the stack: address already in use", "free the port")
    assert _fails(adapters) is compose.failure


def test_what_happened_before_this_start_does_not_fail_it(tmp_path: Path, free_port: int) -> None:
    """Stopped by hand, killed for memory and restarted often last week; then Compose starts it again."""
    stale = _changed(
        _changed(HEALTHY, "db", status="exited", health=""), "web", restarts=9, oom_killed=True, health="starting"
    )
    running = _changed(stale, "db", status="running", health="healthy", started_at=LATER)
    adapters, _ = fake_adapters(
        tmp_path, FakeEngine(stale, running, _changed(running, "web", health="healthy")), web_port=free_port
    )
    started, seen, _ = _up(adapters)
    assert [s.state for s in seen[0]] == ["healthy", "healthy", "starting"]
    assert all(s.ok for s in started.states)


def test_a_lock_that_is_held_refuses_a_second_start(tmp_path: Path, free_port: int) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(HEALTHY), web_port=free_port)
    with adapters.state.locked("up"):
        assert "is working on stack 'datameesh'" in _fails(adapters).message
    assert compose.calls == []


def test_chosen_ports_are_kept_with_the_plan(tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PORT", str(free_port))
    adapters, _ = fake_adapters(tmp_path, FakeEngine(HEALTHY))
    _up(adapters)
    assert json.loads((adapters.state.folder / "plan.json").read_text())["ports"] == {"WEB_PORT": str(free_port)}


def test_a_second_stack_keeps_its_offset_once_it_starts(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine(HEALTHY), name="other", web_port=20000)
    _up(adapters)
    assert adapters.state.read_json("ports.json") == {"offset": 1000}


def test_a_single_service_starts_with_what_it_needs_and_is_what_status_asks_for(tmp_path: Path) -> None:
    engine = FakeEngine((), HEALTHY[:2])
    adapters, compose = fake_adapters(tmp_path, engine)
    started, _, _ = _up(adapters, services=("metastore",))
    assert [s.service for s in started.states] == ["db", "metastore"]
    assert ("start", ("db", "metastore")) in compose.calls
    assert started.planned.plan.total == 400, "what is not started has no part of the budget"
    saved = adapters.state.read_json("plan.json")
    assert (saved["profiles"], saved["services"], saved["without"]) == ([], ["metastore"], [])
    status = show_status(adapters)
    assert (status.healthy, [s.service for s in status.services]) == (True, ["db", "metastore"])


def test_a_service_joins_what_runs(tmp_path: Path, free_port: int) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine(HEALTHY), web_port=free_port)
    _up(adapters, services=("db",))
    started, _, _ = _up(adapters, services=("web",))
    assert [s.service for s in started.states] == ["db", "metastore", "web"]
    assert str(started.planned.selection) == "db, web with what it takes"


def test_what_is_left_out_is_stopped_and_neither_counted_nor_looked_at(tmp_path: Path, taken_port: int) -> None:
    engine = FakeEngine(HEALTHY)
    adapters, compose = fake_adapters(tmp_path, engine, web_port=taken_port)
    started, _, _ = _up(adapters, without=("web",))
    assert compose.calls[1:3] == [("remove", ("web",)), ("start", ("db", "metastore"))]
    assert [s.service for s in started.states] == ["db", "metastore"]
    assert started.planned.plan.left_out == {"web": "left out by hand"}
    assert adapters.state.read_json("plan.json")["without"] == ["web"]
    engine.missing = {"datameesh/web:1"}
    assert _up(adapters)[0].planned.selection.without == ("web",), "it stays left out"


def test_what_another_service_waits_for_cannot_be_left_out(tmp_path: Path) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine())
    error = _fails(adapters, without=("db",))
    assert (error.exit_code, error.message) == (2, "metastore cannot start without db")
    assert compose.calls == []
