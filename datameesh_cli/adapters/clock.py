"""Time. The only module that sleeps."""

from __future__ import annotations

import datetime
import time


def now() -> float:
    """Return seconds of a clock that never goes back (for durations and deadlines)."""
    return time.monotonic()


def utc() -> datetime.datetime:
    """Return the present moment in UTC."""
    return datetime.datetime.now(datetime.timezone.utc)


def sleep(seconds: float) -> None:
    """Wait `seconds`."""
    time.sleep(seconds)
