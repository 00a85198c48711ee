"""Results of SQL as they are printed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from functools import partial
from typing import cast

import pytest

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.adapters.trino import ResultColumn, TrinoSession
from datameesh_cli.core.sql_text import statements
from datameesh_cli.render.sql import SqlOutput, print_result
from datameesh_cli.usecases.run_sql import Script, run_script
from tests.fakes.sql import FakeSession

COLUMNS = (ResultColumn("id", "bigint"), ResultColumn("name", "varchar"))
ROWS = ((1, 'Brown, "D"'), (2, None), (3, "two\nlines"), (4, True), (5, [1, None]))


def _print(
    session: FakeSession, output: SqlOutput, text: str = "SELECT 1", max_rows: int = 1000, file: str = ""
) -> None:
    show = partial(print_result, output=output, max_rows=max_rows)
    run_script(adapters_for(), cast(TrinoSession, session), Script(statements(text), file), show)


def test_csv_is_rfc_4180_and_can_be_read_back(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    _print(FakeSession(ROWS, COLUMNS), SqlOutput.csv)
    out = capsysbinary.readouterr().out.decode()
    assert out.startswith("id,name\r\n")
    back = list(csv.reader(io.StringIO(out, newline="")))
    assert back == [
        ["id", "name"],
        ["1", 'Brown, "D"'],
        ["2", ""],
        ["3", "two\nlines"],
        ["4", "true"],
        ["5", "[1, null]"],
    ]


def test_json_is_one_array_of_objects(capsys: pytest.CaptureFixture[str]) -> None:
    _print(FakeSession(ROWS[:2], COLUMNS), SqlOutput.json)
    assert json.loads(capsys.readouterr().out) == [{"id": 1, "name": 'Brown, "D"'}, {"id": 2, "name": None}]
    _print(FakeSession((), COLUMNS), SqlOutput.json)
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize("output", [SqlOutput.csv, SqlOutput.json])
def test_rows_are_written_as_they_come(output: SqlOutput, capsys: pytest.CaptureFixture[str]) -> None:
    def endless() -> Iterator[tuple[int, str]]:
        yield 1, "a"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _print(FakeSession(endless(), COLUMNS), output)
    assert "a" in capsys.readouterr().out


def test_a_table_stops_at_its_limit_says_so_and_takes_no_more_rows(capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[int] = []

    def many() -> Iterator[tuple[int, str]]:
        for number in range(1000):
            taken.append(number)
            yield number, f"name{number}"

    _print(FakeSession(many(), COLUMNS), SqlOutput.table, max_rows=2)
    shown = capsys.readouterr()
    assert "name1" in shown.out
    assert "name2" not in shown.out
    assert "more than these 2" in shown.err
    assert len(taken) == 3


def test_a_table_shows_null_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    _print(FakeSession(((1, None),), COLUMNS), SqlOutput.table)
    shown = capsys.readouterr()
    assert "NULL" in shown.out
    assert "1 row," in shown.err


def test_a_statement_without_result_leaves_the_output_empty(capsys: pytest.CaptureFixture[str]) -> None:
    _print(FakeSession(((15,),), (ResultColumn("rows", "bigint"),), kind="INSERT", changed=15), SqlOutput.csv)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("INSERT: 15 rows")
