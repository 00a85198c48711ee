"""What was changed in a database since the last load. The answers of the server are scripted."""

from __future__ import annotations

from typing import Any, cast

import pytest

from datameesh_cli.adapters.postgres import DatabaseSession
from datameesh_cli.adapters.repository import Repository
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.find_changes import Change, LoadedTable, changes, hold, loaded_tables, own_tables
from datameesh_cli.usecases.read_datasets import read_datasets
from tests.contract.repo import ROOT

LOADED = LoadedTable("small", "orders", 10, 1, "x", "77")


class FakeSession:
    """Answers each statement with the rows of the first key that is part of it."""

    def __init__(self, **answers: list[tuple[Any, ...]]) -> None:
        self.answers = answers
        self.ran: list[str] = []

    def run(self, sql: str, values: Any = ()) -> list[tuple[Any, ...]]:
        self.ran.append(sql)
        return next((rows for part, rows in self.answers.items() if part in sql), [])


def _changes(held: tuple[LoadedTable, ...] = (LOADED,), **answers: list[tuple[Any, ...]]) -> tuple[Change, ...]:
    return changes(cast(DatabaseSession, FakeSession(**answers)), held, ["orders"])


def test_rows_of_the_load_itself_are_no_change_and_are_not_read() -> None:
    assert _changes(xmin=[(10, 0)]) == ()


def test_a_row_that_was_changed_back_is_no_change() -> None:
    assert _changes(xmin=[(9, 1)], hash_record=[("77",)]) == ()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((9, 1), "orders (1 changed or replaced)"),
        ((10, 2), "orders (2 added)"),
        ((7, 0), "orders (3 removed)"),
        ((8, 5), "orders (5 added or changed, 2 removed or changed)"),
    ],
)
def test_a_change_is_told_in_words(rows: tuple[int, int], said: str) -> None:
    assert [str(change) for change in _changes(xmin=[rows], hash_record=[("78",)])] == [said]


def test_rows_that_no_load_brought_are_a_change() -> None:
    assert _changes((), count=[(4,)]) == (Change("orders", 4, 0),)
    assert _changes((), count=[(0,)]) == ()


def test_a_database_that_never_held_a_set_holds_none() -> None:
    assert loaded_tables(cast(DatabaseSession, FakeSession(to_regclass=[(None,)]))) == ()
    answers = {
        "to_regclass": [("datameesh.loaded_set",)],
        "FROM datameesh.loaded_set": [("small", "t", 1, 1, "x", None)],
    }
    assert loaded_tables(cast(DatabaseSession, FakeSession(**answers))) == (LoadedTable("small", "t", 1, 1, "x"),)


def test_a_table_of_somebody_else_is_refused() -> None:
    dataset = read_datasets(Repository(ROOT)).datasets[0]
    mine = FakeSession(pg_class=[(dataset.tables[0].name, "owner", True)])
    assert own_tables(cast(DatabaseSession, mine), dataset) == (dataset.tables[0].name,)
    with pytest.raises(UserError, match=r"table public\.t belongs to eve"):
        own_tables(cast(DatabaseSession, FakeSession(pg_class=[("t", "eve", False)])), dataset)


def test_only_tables_that_are_there_are_locked() -> None:
    session = FakeSession()
    hold(cast(DatabaseSession, session), [])
    hold(cast(DatabaseSession, session), ['a"b', "c"])
    assert session.ran == ['LOCK TABLE "a""b", "c" IN ACCESS EXCLUSIVE MODE']
