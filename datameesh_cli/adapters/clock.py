"""Time. The only module that sleeps."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def now() -> float:
    """Return seconds of a clock that never goes back (for durations and deadlines)."""
    return time.monotonic()


def utc() -> datetime.datetime:
    """Return the present moment in UTC."""
    return datetime.datetime.now(datetime.timezone.utc)


def sleep(seconds: float) -> None:
    """Wait `seconds`."""
    time.sleep(seconds)


def wait_until(look: Callable[[], T | None], seconds: float, every: float) -> T | None:
    """Given a look at something, repeat it until it returns what is not None, and return that; None when `seconds` have passed.

    What the look raises ends the wait. The last look is after the deadline, so that a machine that slept is asked once more.
    """
    deadline = now() + seconds
    while True:
        late = now() > deadline
        found = look()
        if found is not None or late:
            return found
        sleep(every)
