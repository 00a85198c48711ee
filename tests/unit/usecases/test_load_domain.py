"""One domain's load: what is done in its transaction, in order. The server is scripted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from datameesh_cli.adapters import clock
from datameesh_cli.adapters.postgres import DatabaseSession
from datameesh_cli.adapters.repository import Repository
from datameesh_cli.core.seed.dataset import Dataset
from datameesh_cli.core.seed.plan import plan
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.load_domain import Load, LoadProgress, load_domain
from datameesh_cli.usecases.read_datasets import read_datasets
from tests.contract.repo import ROOT

DECLARED = read_datasets(Repository(ROOT))
SALES = next(d for d in DECLARED.datasets if d.domain == "sales")


@dataclass
class Server:
    """A database with the columns that a dataset declares; `broken` rows break each rule."""

    dataset: Dataset
    broken: int = 0
    missing: str = ""
    ran: list[str] = field(default_factory=list)
    written: list[Sequence[Any]] = field(default_factory=list)

    def run(self, sql: str, values: Any = ()) -> list[tuple[Any, ...]]:
        self.ran.append(sql.strip())
        if "information_schema.columns" in sql:
            table = next(t for t in self.dataset.tables if t.name == values[0])
            return [(c.name,) for c in table.columns if c.name != self.missing]
        if "pg_constraint" in sql:
            return [("orders", "orders_customer", "FOREIGN KEY (customer_id) REFERENCES customers")]
        if "relforcerowsecurity" in sql:
            return [("orders",)]
        if "attidentity" in sql:
            return [("customers", "customer_id")]
        if "hash_record" in sql:
            return [("77",)]
        if "INSERT INTO datameesh.loaded_set" in sql:
            self.written.append(values)
        if sql.startswith("SELECT max("):
            return [(41,)]
        return [(self.broken,)] if sql in [query for _, query in self.dataset.must_hold] else []

    def copy_in(
        self, table: str, columns: Sequence[str], chunks: Iterator[tuple[bytes, int]], sent: Callable[[int], None]
    ) -> int:
        self.ran.append(f"COPY {table}")
        rows = sum(count for _, count in chunks)
        sent(rows)
        return rows


def _loaded(server: Server) -> tuple[tuple[LoadProgress, ...], list[LoadProgress]]:
    heard: list[LoadProgress] = []
    load = Load("small", 1, "digest", plan(DECLARED.people, "small", 1))
    return load_domain(clock, cast(DatabaseSession, server), DECLARED, server.dataset, load, heard.append), heard


def test_keys_are_aside_while_rows_come_and_back_before_the_rules_are_asked() -> None:
    server = Server(SALES)
    done, heard = _loaded(server)
    steps = [
        server.ran.index(next(s for s in server.ran if part in s))
        for part in (
            "orders NO FORCE ROW LEVEL SECURITY",
            "DROP CONSTRAINT orders_customer",
            "DISABLE TRIGGER USER",
            "TRUNCATE",
            "COPY",
            "ADD CONSTRAINT orders_customer",
            "ENABLE TRIGGER USER",
            "orders FORCE ROW LEVEL SECURITY",
            "RESTART WITH 42",
            SALES.must_hold[0][1].strip(),
            "INSERT INTO datameesh.loaded_set",
            "ANALYZE",
        )
    ]
    assert steps == sorted(steps)
    assert [p.table for p in done] == [t.name for t in SALES.tables]
    assert all(p.done for p in done)
    assert sum(p.rows for p in done) > 20
    assert [p.table for p in heard if p.done] == [p.table for p in done]
    assert [tuple(row) for row in server.written] == [("small", p.table, p.rows, 1, "digest", "77") for p in done]


def test_rows_that_break_a_rule_are_refused_before_they_are_written_down() -> None:
    server = Server(SALES, broken=3)
    rule = SALES.must_hold[0][0]
    with pytest.raises(UserError, match=rf"seed/sales/dataset\.yaml: must_hold\.{rule}: 3 rows break it"):
        _loaded(server)
    assert server.written == []


def test_a_schema_that_is_not_what_is_declared_is_refused_before_anything_is_emptied() -> None:
    server = Server(SALES, missing=SALES.tables[0].columns[-1].name)
    with pytest.raises(UserError, match=rf"tables\.{SALES.tables[0].name}: declares .*; the database has "):
        _loaded(server)
    assert not [s for s in server.ran if "TRUNCATE" in s]


def test_a_table_without_rows_keeps_its_numbers() -> None:
    class Empty(Server):
        def run(self, sql: str, values: Any = ()) -> list[tuple[Any, ...]]:
            found = super().run(sql, values)
            return [(None,)] if sql.startswith("SELECT max(") else found

    server = Empty(replace(SALES, must_hold=()))
    _loaded(server)
    assert not [s for s in server.ran if "RESTART WITH" in s]
