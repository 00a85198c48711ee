"""What the containers' states mean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datameesh_cli.core.health import (
    ServiceState,
    first_broken,
    has_failed,
    judged_since,
    last_error_line,
    service_states,
)
from tests.fakes.values import a_container, a_service


def _state_of(*containers: object, replicas: int = 1) -> ServiceState:
    (state,) = service_states([a_service("db")], {"db": replicas}, list(containers))  # type: ignore[arg-type]
    return state


@pytest.mark.parametrize(
    ("status", "health", "fields", "state", "ok", "hopeless"),
    [
        ("running", "healthy", {}, "healthy", True, False),
        ("running", "", {}, "running", True, False),
        ("running", "starting", {}, "starting", False, False),
        ("running", "unhealthy", {}, "unhealthy", False, False),
        ("running", "starting", {"restarts": 2}, "starting", False, False),
        ("running", "starting", {"restarts": 3}, "restarting", False, True),
        ("running", "healthy", {"restarts": 9, "oom_killed": True}, "healthy", True, False),
        ("running", "starting", {"restarts": 1, "oom_killed": True}, "out of memory", False, True),
        ("restarting", "", {"restarts": 1, "exit_code": 1}, "restarting", False, False),
        ("restarting", "", {"restarts": 3, "exit_code": 1}, "restarting", False, True),
        ("restarting", "", {"restarts": 1, "exit_code": 137, "oom_killed": True}, "out of memory", False, True),
        ("exited", "", {"exit_code": 1}, "exited", False, True),
        ("exited", "", {"exit_code": 137, "oom_killed": True}, "out of memory", False, False),
        ("created", "", {}, "created", False, False),
        ("paused", "healthy", {}, "paused", False, False),
        ("dead", "", {}, "dead", False, False),
    ],
)
def test_one_container_in_one_word(
    status: str, health: str, fields: dict[str, int], state: str, ok: bool, hopeless: bool
) -> None:
    found = _state_of(a_container("db", status, health, **fields))
    assert (found.state, found.ok, found.hopeless) == (state, ok, hopeless)


def test_the_detail_says_how_it_ended() -> None:
    assert _state_of(a_container("db", "exited", "", exit_code=3)).detail == "exit code 3"
    assert (
        _state_of(a_container("db", "restarting", "", exit_code=3, restarts=2)).detail
        == "exit code 3, restarted 2 times"
    )
    assert (
        _state_of(a_container("db", "exited", "", oom_killed=True, limit=80)).detail == "killed at its limit of 80 MiB"
    )


def test_missing_containers_are_told_from_those_never_created() -> None:
    assert _state_of().state == "not created"
    one = _state_of(a_container("db"), replicas=2)
    assert (one.state, one.ok, one.detail) == ("missing", False, "1 of 2 containers")


def test_a_service_is_as_well_as_its_worst_replica() -> None:
    well = a_container("db")
    starting = a_container("db", health="starting", name="datameesh-db-2")
    dead = a_container("db", "exited", "", name="datameesh-db-3")
    assert _state_of(well, starting, replicas=2).state == "starting"
    assert _state_of(well, starting, dead, replicas=3).state == "exited"


def test_jobs_and_services_that_the_plan_leaves_out_are_not_expected() -> None:
    services = [a_service("worker"), a_service("dbt", kind="job"), a_service("db")]
    states = service_states(services, {"worker": 0}, [a_container("db")])
    assert [s.service for s in states] == ["db"]


CHAIN = [a_service("db"), a_service("metastore"), a_service("trino")]
WAITING = ServiceState("trino", "starting", False)


def test_the_first_broken_link_of_the_chain_is_named() -> None:
    db, metastore = ServiceState("db", "restarting", False), ServiceState("metastore", "unhealthy", False)
    assert first_broken(CHAIN, [db, metastore, WAITING]) is db
    assert first_broken(CHAIN, [replace(db, ok=True), metastore, WAITING]) is metastore


def test_what_failed_outranks_what_is_only_starting_whatever_the_order() -> None:
    starting, failed = ServiceState("db", "starting", False), ServiceState("trino", "out of memory", False)
    assert first_broken(CHAIN, [starting, failed]) is failed
    assert first_broken(CHAIN, [starting]) is starting
    assert first_broken(CHAIN, [ServiceState("db", "healthy", True)]) is None
    assert first_broken(CHAIN, []) is None


@pytest.mark.parametrize(
    ("state", "failed"),
    [
        ("unhealthy", True),
        ("restarting", True),
        ("out of memory", True),
        ("starting", False),
        ("created", False),
        ("not created", False),
    ],
)
def test_what_counts_as_failed(state: str, failed: bool) -> None:
    assert has_failed(ServiceState("db", state, False)) is failed
    assert has_failed(ServiceState("db", state, False, hopeless=True))


LATER = "2026-01-01T00:00:09Z"


def test_restarts_and_memory_kills_of_the_past_do_not_count_against_a_new_start() -> None:
    old = a_container("db", health="starting", restarts=7, oom_killed=True)
    (now,) = judged_since([old], [old], starting=False)
    assert (now.restarts, now.oom_killed) == (0, False)
    (now,) = judged_since([old], [replace(old, restarts=8, started_at=LATER)], starting=False)
    assert (now.restarts, now.oom_killed) == (1, True)
    (now,) = judged_since([replace(old, oom_killed=False)], [replace(old, status="exited")], starting=False)
    assert now.oom_killed


def test_a_container_made_anew_starts_counting_at_nothing() -> None:
    old = a_container("db", restarts=7)
    (now,) = judged_since([old], [replace(old, restarts=2, started_at=LATER)], starting=True)
    assert now.restarts == 2


def test_a_container_that_stands_still_is_not_given_up_while_compose_is_on_its_way_to_it() -> None:
    old = a_container("db", "exited", "", exit_code=137)
    (now,) = judged_since([old], [old], starting=True)
    assert not _state_of(now).hopeless
    (now,) = judged_since([old], [old], starting=False)
    assert _state_of(now).hopeless
    (now,) = judged_since([old], [replace(old, started_at=LATER)], starting=True)
    assert _state_of(now).hopeless
    new = a_container("api", "exited", "")
    assert judged_since([old], [new], starting=True) == (new,)


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("", ""),
        ("\n \n", ""),
        ("starting\nERROR: password authentication failed\nbye\n", "ERROR: password authentication failed"),
        ("error: one\nFATAL: two\ngoing on", "FATAL: two"),
        ("listening\nready\n", "ready"),
        ("no terrors here\nready", "ready"),
        ("panic: " + "x" * 500, ("panic: " + "x" * 500)[:300]),
    ],
)
def test_the_last_line_that_speaks_of_an_error(log: str, line: str) -> None:
    assert last_error_line(log) == line
