"""Waiting for something until a deadline."""

from __future__ import annotations

import pytest

from datameesh_cli.adapters import clock


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time that passes only while somebody sleeps."""
    naps: list[float] = []
    monkeypatch.setattr(clock, "now", lambda: sum(naps))
    monkeypatch.setattr(clock, "sleep", naps.append)
    return naps


def test_it_is_looked_until_there_is_something(slept: list[float]) -> None:
    seen = iter([None, None, False, True])
    assert clock.wait_until(lambda: next(seen), 10, every=2) is False
    assert slept == [2, 2]


def test_it_is_given_up_after_the_deadline_and_one_more_look(slept: list[float]) -> None:
    looks: list[float] = []
    assert clock.wait_until(lambda: looks.append(clock.now()), 3, every=2) is None
    assert looks == [0, 2, 4]


def test_what_the_look_raises_ends_the_wait(slept: list[float]) -> None:
    def broken() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        clock.wait_until(broken, 10, every=1)
    assert slept == []
