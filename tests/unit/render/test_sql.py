"""Results of SQL as they are printed, from a session that needs no server."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from datameesh_cli.adapters.outside import Lines, Outside, outside
from datameesh_cli.adapters.trino import Column, Session
from datameesh_cli.core.sql_text import statements
from datameesh_cli.errors import SqlError, UserError
from datameesh_cli.render.sql import SqlOutput, SqlScreen, print_result
from datameesh_cli.usecases.converse_sql import converse
from datameesh_cli.usecases.run_sql import Script, file_script, named_queries, run_script, script_of
from tests.fakes.outside import FakeEngine, fake_outside


class FakeRunning:
    def __init__(
        self, columns: Sequence[Column], rows: Iterator[tuple[Any, ...]], kind: str, changed: int | None
    ) -> None:
        self.columns, self._rows, self.kind, self.changed = tuple(columns), rows, kind, changed

    def rows(self) -> Iterator[tuple[Any, ...]]:
        return self._rows


class FakeSession:
    """A session whose statements give what was put in place, and which knows what it ran."""

    def __init__(
        self, rows: Any = (), columns: Sequence[Column] = (), kind: str = "", changed: int | None = None
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


COLUMNS = (Column("id", "bigint"), Column("name", "varchar"))
ROWS = ((1, 'Brown, "D"'), (2, None), (3, "two\nlines"), (4, True), (5, [1, None]))


def _print(
    session: FakeSession, output: SqlOutput, text: str = "SELECT 1", max_rows: int = 1000, file: str = ""
) -> None:
    show = partial(print_result, output=output, max_rows=max_rows)
    run_script(outside(), cast(Session, session), Script(statements(text), file), show)


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
    _print(FakeSession(((15,),), (Column("rows", "bigint"),), kind="INSERT", changed=15), SqlOutput.csv)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("INSERT: 15 rows")


def test_an_error_names_file_line_and_column_of_the_whole_text() -> None:
    session = FakeSession()
    session.refuses = SqlError("no such table", "", 2, 6)
    with pytest.raises(UserError) as wrong:
        _print(session, SqlOutput.table, text="\n-- about\nSELECT *\nFROM nope", file="q.sql")
    assert wrong.value.message == "q.sql, line 4:6: no such table"
    assert wrong.value.exit_code == 2


def test_the_first_error_ends_the_script() -> None:
    session = FakeSession()
    session.refuses = SqlError("no")
    with pytest.raises(UserError, match=r"^no$"):
        _print(session, SqlOutput.table, text="SELECT 1; SELECT 2")
    assert session.ran == ["SELECT 1"]


def _world(root: Path) -> Outside:
    world, _ = fake_outside(root, FakeEngine())
    folder = root / "services" / "web" / "queries"
    folder.mkdir(parents=True)
    (folder / "journey.sql").write_text("-- From lead\n-- to customer. And more.\nSELECT 1 -- one\n;\n")
    return world


def test_a_named_query_is_found_with_what_it_is_about(tmp_path: Path) -> None:
    world = _world(tmp_path)
    assert [(q.name, q.about) for q in named_queries(world)] == [("journey", "From lead to customer")]
    script = script_of(world, "@journey")
    assert [s.text for s in script.statements] == ["SELECT 1"]
    assert script.file == "services/web/queries/journey.sql"
    with pytest.raises(UserError, match="there is no query '@nope'") as wrong:
        script_of(world, "@nope")
    assert "journey" in wrong.value.hint


@pytest.mark.parametrize("text", ["", " ;", "-- nothing"])
def test_nothing_to_run_is_the_users_mistake(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match="holds no SQL"):
        script_of(_world(tmp_path), text)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nope\.sql cannot be read: No such file"):
        file_script(_world(tmp_path), tmp_path / "nope.sql")


def _converse(root: Path, session: FakeSession, lines: Sequence[str | BaseException]) -> None:
    typed = iter([*lines, None])

    def read_line(prompt: str) -> str | None:
        line = next(typed)
        if isinstance(line, BaseException):
            raise line
        return line

    keyboard = cast(Lines, SimpleNamespace(read_line=read_line, line_editor=lambda _history: nullcontext()))
    world = replace(_world(root), lines=keyboard)
    converse(world, cast(Session, session), SqlScreen(SqlOutput.table, 10), root / "history")


def test_lines_are_gathered_until_the_semicolon(tmp_path: Path) -> None:
    session = FakeSession()
    _converse(tmp_path, session, ["SELECT", "  1", "; SELECT 2; SELECT", "3;"])
    assert session.ran == ["SELECT\n  1", "SELECT 2", "SELECT\n3"]


def test_ctrl_c_drops_what_was_typed_and_an_error_ends_nothing(tmp_path: Path) -> None:
    session = FakeSession()
    session.refuses = SqlError("no such table")
    _converse(tmp_path, session, ["SELECT", KeyboardInterrupt(), "SELECT 2;", "SELECT 3;"])
    assert session.ran == ["SELECT 2", "SELECT 3"]


def test_ctrl_c_ends_the_statement_and_not_the_session(tmp_path: Path) -> None:
    session = FakeSession()
    session.refuses = KeyboardInterrupt()
    _converse(tmp_path, session, ["SELECT 1;", "SELECT 2;"])
    assert session.ran == ["SELECT 1", "SELECT 2"]


def test_short_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = FakeSession()
    _converse(tmp_path, session, ["\\d", "\\d orders", "@journey", "\\l", "\\?", "\\q", "SELECT 9;"])
    assert session.ran == ["SHOW TABLES", "DESCRIBE orders", "SELECT 1"]
    shown = capsys.readouterr()
    assert "From lead to customer" in shown.out
    assert "Ctrl-D" in shown.err
