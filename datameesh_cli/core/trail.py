"""Who asked what: a period of time, and what was found in it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass

from datameesh_cli.errors import UserError

HEALTH_CHECK = "healthcheck"
"""The program that asks every few seconds whether the engine answers: nobody's question, shown only when it is asked for."""
_UNITS: Mapping[str, str] = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: who asked it, by which program, what came of it, which tables (catalog.schema.table) and columns it touched.

    `outcome` is finished, refused, failed or cancelled; running has not ended, unfinished never will. Without an end there are no
    numbers.
    """

    at: str
    person: str
    signed_in_as: str | None
    source: str | None
    query_id: str
    statement: str
    tables: tuple[str, ...]
    columns: tuple[str, ...]
    outcome: str
    error: str | None
    duration_ms: int | None
    rows_read: int | None
    rows_written: int | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Statements without a row: those that one start of the engine numbered on a day, and nobody wrote down."""

    day: str
    engine: str
    missed: int


@dataclass(frozen=True, slots=True)
class Trail:
    """The newest statements of a period, the oldest first, and what is known to be missing from it.

    `lost` were told to the collector and not kept; `collecting`: a collector runs now.
    """

    statements: tuple[Statement, ...]
    more: bool
    gaps: tuple[Gap, ...]
    lost: int
    collecting: bool

    @property
    def missed(self) -> int:
        """How many statements have no row."""
        return sum(gap.missed for gap in self.gaps)


def parse_since(text: str, now: datetime.datetime) -> datetime.datetime:
    """Given `90s`, `15m`, `1h` or `7d`, return the moment so long before now. Raise UserError for anything else."""
    found = re.fullmatch(r"(\d{1,6})([smhd])", text.strip().lower())
    if not found:
        raise UserError(f"--since {text!r} is no length of time", "write 90s, 15m, 1h or 7d")
    try:
        return now - datetime.timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError as before_all_time:
        raise UserError(f"--since {text!r} is before the year 1", "write 90s, 15m, 1h or 7d") from before_all_time
