"""`dm sql`: the conversation."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from datameesh_cli.adapters.adapters import Adapters, Lines
from datameesh_cli.adapters.trino import TrinoSession
from datameesh_cli.errors import SqlError
from datameesh_cli.render.sql import SqlOutput, SqlScreen
from datameesh_cli.usecases.converse_sql import converse
from tests.fakes.adapters import FakeEngine, fake_adapters
from tests.fakes.sql import FakeSession


def _world(root: Path) -> Adapters:
    adapters, _ = fake_adapters(root, FakeEngine())
    folder = root / "services" / "web" / "queries"
    folder.mkdir(parents=True)
    (folder / "journey.sql").write_text("-- From lead\n-- to customer. And more.\nSELECT 1 -- one\n;\n")
    return adapters


def _converse(root: Path, session: FakeSession, lines: Sequence[str | BaseException]) -> None:
    typed = iter([*lines, None])

    def read_line(prompt: str) -> str | None:
        line = next(typed)
        if isinstance(line, BaseException):
            raise line
        return line

    keyboard = cast(Lines, SimpleNamespace(read_line=read_line, line_editor=lambda _history: nullcontext()))
    adapters = replace(_world(root), lines=keyboard)
    converse(adapters, cast(TrinoSession, session), SqlScreen(SqlOutput.table, 10), root / "history")


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
