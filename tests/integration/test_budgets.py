"""A plan that is accepted starts, passes every check and is never killed for memory. The smallest always, larger ones by hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.checks import PROFILE, WHOLE, Verified
from tests.integration.stack import ENGINE, Stack, docker

SLOW = pytest.mark.slow
WITH_WORKER = 5600  # MiB: from here the coordinator only combines


@pytest.fixture
def anew(shared: Stack) -> Iterator[Stack]:
    """The shared stack, stopped, so that its next containers count their restarts from nothing."""
    shared.dm("down")
    yield shared


@pytest.mark.row("S-LAKE-18")
def test_the_smallest_budget_carries_everything(shared: Stack, verified: Callable[[str, str], Verified]) -> None:
    found = [verified(PROFILE, name) for name in WHOLE]
    plan = shared.json("plan")
    assert plan["budget"] == 1536
    assert sum(s["limit"] * s["replicas"] for s in plan["shares"]) <= 1536
    limits = {s["service"]: s["limit"] for s in plan["shares"]}
    for run in found:
        assert [r["name"] for r in run.results if r["result"] == "failed"] == []
        for name, container in run.after.items():
            assert container.limit == limits[container.service]
            assert (container.oom_killed, container.restarts) == (False, run.before[name].restarts), name
    for name in shared.containers():
        assert _kernel_kills(name) == 0, name


@SLOW
@pytest.mark.parametrize("budget", [2048, 3072, 4096, 8192])
def test_an_accepted_budget_carries_everything(anew: Stack, budget: int) -> None:
    began = time.monotonic()
    anew.dm("up", "--profile", "analytics", "--ram", f"{budget}m")
    assert time.monotonic() - began < 120
    plan = anew.json("plan")
    assert plan["budget"] == budget
    limits = {s["service"]: s["limit"] for s in plan["shares"]}
    assert sum(s["limit"] * s["replicas"] for s in plan["shares"]) <= budget
    for name in ("small", "journey"):
        anew.dm("seed", "--set", name)
        anew.dm("dbt", "build")
        assert anew.verify()
    for container in anew.containers().values():
        assert container.limit == limits[container.service]
        assert (container.oom_killed, container.restarts) == (False, 0), container.name
        # A child that was killed inside a container leaves no mark on the container; the kernel counts it.
        assert _kernel_kills(container.name) == 0, container.name


@pytest.mark.row("S-TRINO-06")
def test_with_memory_enough_the_worker_works_and_the_coordinator_only_combines(anew: Stack) -> None:
    if ENGINE.info().memory < 6144:
        pytest.skip("needs an engine with 6 GiB")
    anew.dm("up", "--profile", "analytics", "--ram", f"{WITH_WORKER}m")
    anew.dm("seed", "--set", "flow")
    coordinator = next(c.name for c in anew.containers().values() if c.service == "trino-coordinator")
    environment = docker("exec", coordinator, "sh", "-c", "tr '\\0' '\\n' < /proc/1/environ").splitlines()
    assert "TRINO_INCLUDE_COORDINATOR=false" in environment
    assert len(anew.json("sql", "@federated-revenue")) == 45
    anew.dm("seed", "--set", "journey")
    anew.dm("dbt", "build")
    checks = [
        "coordinator and worker are the two nodes",
        "the worker has tasks of the journey query, where there is one",
        "the coordinator has found the worker",
        "the worker cannot be reached from outside",
    ]
    assert sorted((r["name"], r["result"]) for r in anew.verified(*checks)) == [
        (name, "passed") for name in sorted(checks)
    ]


def test_the_worker_takes_part_from_where_the_plan_says(shared: Stack) -> None:
    left_out = shared.json("plan", "--profile", "analytics", "--ram", "1536m")["left_out"]
    assert "trino-worker" in left_out
    left_out = shared.json("plan", "--profile", "analytics", "--ram", "2900m")["left_out"]
    assert list(left_out) == ["trino-worker"]
    assert shared.json("plan", "--profile", "analytics", "--ram", "3g")["left_out"] == {}


def test_the_heap_that_was_planned_is_the_heap_that_the_jvm_has(shared: Stack) -> None:
    """One parameter, from the command line to the process: the limit, the heap and what follows from it."""
    shared.dm("up")
    shares = {s["service"]: s for s in shared.json("plan")["shares"]}
    for service in ("trino-coordinator", "hive-metastore"):
        name = next(c.name for c in shared.containers().values() if c.service == service)
        heap = shares[service]["heap"]
        commands = docker("top", name, "-eo", "pid,args")
        assert f"-Xmx{heap}m" in commands.replace("M ", "m "), commands
    buffers = shares["sales-db"]["settings"]["SHARED_BUFFERS"]
    shown = shared.dm(
        "shell", "sales-db", "psql", "-qAtc", "SELECT pg_size_bytes(current_setting('shared_buffers')) / 1048576"
    ).stdout
    assert int(shown) == buffers


def _kernel_kills(container: str) -> int:
    """How often the kernel killed something in the container for memory, on either version of control groups."""
    script = "cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null"
    out = docker("exec", "--user", "0", container, "sh", "-c", f"{script}; true")
    return sum(int(line.split()[1]) for line in out.splitlines() if line.startswith("oom_kill "))
