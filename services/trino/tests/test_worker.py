"""A worker that is told to stop finishes its part first; one that is lost is noticed soon, and the rest goes on without it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.integration.long_join import ANSWER, LONG, ON_THE_WORKER
from tests.integration.stack import Stack, docker, fresh_stack, kill_from_outside, until

SECONDS = 30
LOST_WITHIN = 30
"""Seconds after which a statement is told that its worker is gone. It was 62 with Trino's own figures."""


@pytest.fixture(scope="module")
def pair(built: None) -> Iterator[Stack]:
    """A stack of its own with a coordinator and a worker."""
    with fresh_stack("-w") as stack:
        stack.dm("up", "--profile", "analytics", "--ram", "3g")
        yield stack


@pytest.fixture
def worker(pair: Stack) -> Iterator[str]:
    """The worker's container, running; whatever becomes of it in the test, it runs again afterwards."""
    name = next(c.name for c in pair.containers().values() if c.service == "trino-worker")
    yield name
    docker("start", name)
    pair.until_healthy()


def _begun(stack: Stack, seconds: int) -> subprocess.Popen[str]:
    """The statement, started, at work on the worker."""
    # A node that has just come back is healthy a moment before the coordinator counts on it.
    active = "SELECT count(*) FROM system.runtime.nodes WHERE NOT coordinator AND state = 'active'"
    until(lambda: stack.scalar(active) == "1", 60, "the coordinator knows the worker")
    child = stack.start("sql", LONG.format(seconds=seconds), "--output", "csv")
    try:
        until(lambda: stack.scalar(ON_THE_WORKER) != "0", 120, "the worker has a part of the statement")
    except BaseException:
        child.kill()
        raise
    return child


def test_a_worker_that_is_stopped_finishes_its_part_of_a_long_query_first(pair: Stack, worker: str) -> None:
    child = _begun(pair, SECONDS)
    assert child.poll() is None, "the statement was over before the worker was stopped"
    docker("stop", worker)
    out, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    assert out.splitlines()[-1] == ANSWER
    state = json.loads(docker("inspect", "--format", "{{json .State}}", worker))
    assert (state["ExitCode"], state["OOMKilled"]) == (0, False), "it left by itself, it was not killed"


def test_a_restart_gives_a_worker_the_time_that_it_asks_for(pair: Stack, worker: str) -> None:
    child = _begun(pair, SECONDS)
    pair.dm("restart", "trino-worker")
    out, err = child.communicate(timeout=120)
    assert (child.returncode, out.splitlines()[-1:]) == (0, [ANSWER]), err


@pytest.mark.parametrize("comes_back", [True, False], ids=["restarted", "gone"])
def test_a_worker_that_is_lost_is_noticed_soon_and_the_next_query_works(
    pair: Stack, worker: str, comes_back: bool
) -> None:
    child = _begun(pair, 4 * SECONDS)
    restarts = pair.containers()[worker].restarts
    if comes_back:
        kill_from_outside(worker)
    else:
        docker("kill", worker)
    began = time.monotonic()
    try:
        _, err = child.communicate(timeout=180)
    finally:
        child.kill()
    seconds = time.monotonic() - began
    assert child.returncode != 0
    assert seconds < LOST_WITHIN, err
    assert pair.dm("sql", LONG.format(seconds=1), "--output", "csv").stdout.splitlines()[-1] == ANSWER
    after = pair.containers()[worker]
    assert (after.restarts - restarts, after.oom_killed) == (1 if comes_back else 0, False)


def test_only_the_worker_itself_may_tell_it_to_stop(pair: Stack, worker: str) -> None:
    for user in ("admin", "worker", "trino"):
        ask = f"curl -s -o /dev/null -w '%{{http_code}}' -X PUT -H 'Content-Type: application/json' -H 'X-Trino-User: {user}'"
        said = docker("exec", worker, "sh", "-c", ask + " -d '\"SHUTTING_DOWN\"' http://localhost:8080/v1/info/state")
        assert said == "403", user
    assert docker("exec", worker, "curl", "-sf", "http://localhost:8080/v1/info/state") == '"ACTIVE"'


def test_the_whole_stack_goes_down_without_waiting_for_its_worker(pair: Stack) -> None:
    """Whoever asked is gone with the coordinator, so nobody waits for the rest of the statement."""
    pair.until_healthy()
    child = _begun(pair, 8 * SECONDS)
    began = time.monotonic()
    pair.dm("down")
    seconds = time.monotonic() - began
    child.communicate(timeout=60)
    assert child.returncode != 0
    assert seconds < SECONDS, seconds
