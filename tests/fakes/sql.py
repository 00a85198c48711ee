"""A session of the SQL engine that needs no server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from datameesh_cli.adapters.trino import ResultColumn


class FakeRunning:
    def __init__(
        self, columns: Sequence[ResultColumn], rows: Iterator[tuple[Any, ...]], kind: str, changed: int | None
    ) -> None:
        self.columns, self._rows, self.kind, self.changed = tuple(columns), rows, kind, changed

    def rows(self) -> Iterator[tuple[Any, ...]]:
        return self._rows


class FakeSession:
    """A session whose statements give what was put in place, and which knows what it ran."""

    def __init__(
        self, rows: Any = (), columns: Sequence[ResultColumn] = (), kind: str = "", changed: int | None = None
    ) -> None:
        self.rows, self.columns, self.kind, self.changed = rows, columns, kind, changed
        self.ran: list[str] = []
        self.place = "sales.public"
        self.refuses: BaseException | None = None

    @contextmanager
    def run(self, statement: str) -> Iterator[FakeRunning]:
        self.ran.append(statement)
        if self.refuses:
            refusal, self.refuses = self.refuses, None
            raise refusal
        yield FakeRunning(self.columns, iter(self.rows), self.kind, self.changed)
