"""Rows by the million, made at the speed at which the database takes them.

One row at a time, Python makes half a million rows a second: slower than COPY. So a table whose rows stand for nothing but
their number is made in blocks of 1000: four blocks are made row by row, as text with gaps where the block's own number and
day belong, and every block of the table is one of them with its gaps filled, which is three replacements of text.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from datameesh_cli.core.schema import Wrong
from datameesh_cli.core.seed.chance import mix
from datameesh_cli.core.seed.column_generators import Around, ColumnGenerator, Make, Row, column_generator

BLOCK = 1000
_TEMPLATES = 4
# Blocks handed on together: half a megabyte or so.
_TOGETHER = 10
# Gaps in a block's text; control characters cannot come from a maker.
_THIS, _NEXT, _DAY = "\x01", "\x02", "\x03"


@dataclass(frozen=True, slots=True)
class Numbered:
    """The row's own number, from 1."""


@dataclass(frozen=True, slots=True)
class Moments:
    """A moment that grows with the row: one block a day from `begin`, its rows spread over the day."""

    begin: datetime.date


@dataclass(frozen=True, slots=True)
class TruePercent:
    """True in exactly `percent` of the rows of every block."""

    percent: int
    seed: int


BulkColumn = Numbered | Moments | TruePercent | ColumnGenerator


def bulk_column(said: Make, around: Around) -> BulkColumn:
    """Given how a column of a numbered table is made, return how its values are made in bulk. Raise Wrong if not possible."""
    if said.kind == "number":
        if said.number != 1:
            raise Wrong("numbered rows start at 1", "write number: 1")
        return Numbered()
    if said.kind == "moments_from":
        return Moments(said.moments_from)
    if said.kind == "share":
        return TruePercent(said.share, around.seed)
    return column_generator(said, around)


def blocks(columns: Sequence[BulkColumn], count: int, seed: int) -> Iterator[tuple[bytes, int]]:
    """Given columns, a count (a multiple of BLOCK) and a seed, yield COPY text and its number of rows, some blocks at a time."""
    if not count:
        return
    templates = [_template(columns, t).encode() for t in range(_TEMPLATES)]
    begin = next((column.begin for column in columns if isinstance(column, Moments)), datetime.date(2024, 1, 1))
    numbers = range(count // BLOCK)
    for first in numbers[::_TOGETHER]:
        some = numbers[first : first + _TOGETHER]
        yield b"".join(_filled(templates[mix(seed, n) % _TEMPLATES], n, begin) for n in some), len(some) * BLOCK


def _filled(template: bytes, block: int, begin: datetime.date) -> bytes:
    day = (begin + datetime.timedelta(days=block)).isoformat()
    for gap, text in ((_THIS, str(block)), (_NEXT, str(block + 1)), (_DAY, day)):
        template = template.replace(gap.encode(), text.encode())
    return template


def _template(columns: Sequence[BulkColumn], t: int) -> str:
    cells = [_cells(column, t) for column in columns]
    return "".join("\t".join(cell(k) for cell in cells) + "\n" for k in range(BLOCK))


def _cells(column: BulkColumn, t: int) -> Callable[[int], str]:
    """Given a column and a template's number, return the function from a row's place in its block to its text."""
    if isinstance(column, Numbered):
        # Row 999 of a block is the thousandth: its number belongs to the next thousand.
        return lambda k: f"{_THIS}{k + 1:03d}" if k + 1 < BLOCK else f"{_NEXT}000"
    if isinstance(column, Moments):
        return lambda k: f"{_DAY} {datetime.timedelta(seconds=k * 86_400 // BLOCK)!s:0>8}"
    if isinstance(column, TruePercent):
        drawn = sorted(range(BLOCK), key=lambda k: mix(column.seed, t, k))
        chosen = frozenset(drawn[: BLOCK * column.percent // 100])
        return lambda k: "t" if k in chosen else "f"
    return lambda k: str(column(Row(t * BLOCK + k, {})))
