"""The collector is away, or its database is: statements go on, and what was missed is known."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.stack import SMALLEST, Stack, docker, until


@pytest.fixture(scope="module")
def analytics(shared: Stack) -> Stack:
    shared.dm("up", "--profile", "analytics", "--ram", SMALLEST)
    return shared


@pytest.fixture
def away(analytics: Stack) -> Iterator[Any]:
    """Stops a service and gives its container's name; after the test everything runs."""
    stopped = []

    def stop(service: str) -> str:
        name = next(c.name for c in analytics.containers().values() if c.service == service)
        stopped.append(name)
        docker("stop", name)
        return name

    yield stop
    for name in stopped:
        docker("start", name)
    analytics.until_healthy()


def _trail(stack: Stack) -> dict[str, Any]:
    trail: dict[str, Any] = stack.json("audit", "queries", "--since", "1h", "--limit", "1000")
    return trail


def _missed(stack: Stack) -> int:
    return sum(gap["missed"] for gap in _trail(stack)["gaps"])


def test_statements_go_on_without_the_collector_and_are_counted_as_missed(analytics: Stack, away: Any) -> None:
    assert analytics.scalar("SELECT 'before the collector was stopped'")
    # The newest 15 s are not counted, in which a row may be on its way.
    time.sleep(16)
    before = _missed(analytics)
    name = away("audit")
    began = time.monotonic()
    for number in range(5):
        assert analytics.scalar(f"SELECT 'nobody collects {number}'") == f"nobody collects {number}"
    assert _trail(analytics)["collecting"] is False
    # A post is tried again for three seconds.
    time.sleep(5)
    docker("start", name)
    # Each health check is a statement too, one in 20 s.
    others = int((time.monotonic() - began) / 20) + 2
    analytics.until_healthy()
    assert analytics.scalar("SELECT 'after the collector was started'")
    until(lambda: _missed(analytics) - before >= 5, 60, "five statements are counted as missed", every=2)
    assert _missed(analytics) - before <= 5 + others
    found = " ".join(s["statement"] for s in _trail(analytics)["statements"])
    assert "after the collector was started" in found
    assert "nobody collects" not in found


def test_rows_wait_for_a_database_that_is_away(analytics: Stack, away: Any) -> None:
    lost = _trail(analytics)["lost"]
    name = away("hive-metastore-db")
    assert analytics.scalar("SELECT 'asked without a database'") == "asked without a database"
    time.sleep(3)
    docker("start", name)
    analytics.until_healthy()

    def written() -> list[str]:
        return [s["person"] for s in _trail(analytics)["statements"] if "asked without a database" in s["statement"]]

    until(lambda: written() == ["admin"], 30, "the row is in the table")
    assert _trail(analytics)["lost"] == lost
