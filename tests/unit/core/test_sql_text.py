"""Statements are cut at semicolons that end something, and at no other."""

from __future__ import annotations

import pytest

from datameesh_cli.core.sql_text import Statement, place_in_whole, split, statements


def _texts(text: str) -> list[str]:
    return [s.text for s in statements(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;", ["SELECT 1"]),
        ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
        (";;  ;", []),
        ("", []),
        ("-- nothing", []),
        ("/* nothing; */ ;", []),
        ("SELECT ';'; SELECT 2", ["SELECT ';'", "SELECT 2"]),
        ("SELECT 'it''s; fine'; SELECT 2", ["SELECT 'it''s; fine'", "SELECT 2"]),
        ('SELECT ";"";" FROM t; SELECT 2', ['SELECT ";"";" FROM t', "SELECT 2"]),
        ("SELECT 1 -- a; b\n, 2; SELECT 3", ["SELECT 1 -- a; b\n, 2", "SELECT 3"]),
        ("SELECT 1 /* a; ' */, 2; SELECT 3", ["SELECT 1 /* a; ' */, 2", "SELECT 3"]),
        ("SELECT '-- no comment'; SELECT 2", ["SELECT '-- no comment'", "SELECT 2"]),
        ("SELECT 4 - 3 / 2; SELECT 2", ["SELECT 4 - 3 / 2", "SELECT 2"]),
        ("-- about\nSELECT 1;\n", ["SELECT 1"]),
        ("SELECT 1; -- the end", ["SELECT 1"]),
        ("SELECT 'ümlaut;ß'; SELECT '日;本'", ["SELECT 'ümlaut;ß'", "SELECT '日;本'"]),
    ],
)
def test_statements(text: str, expected: list[str]) -> None:
    assert _texts(text) == expected


@pytest.mark.parametrize("text", ["SELECT 'a; b", 'SELECT "a; b', "SELECT 1 /* a; b", "SELECT 1 -- a; b"])
def test_what_is_left_open_swallows_the_semicolon(text: str) -> None:
    found = split(text)
    assert found.statements == ()
    assert found.rest is not None


def test_lines_are_joined_until_the_semicolon() -> None:
    found = split("SELECT 1;\nSELECT\n  2")
    assert [s.text for s in found.statements] == ["SELECT 1"]
    assert found.rest == Statement("SELECT\n  2", 2, 1)
    assert split("SELECT 1;\n  ").rest is None


def test_a_statement_knows_where_it_begins() -> None:
    assert statements("SELECT 1;  SELECT\n2;\n\n  SELECT 3") == (
        Statement("SELECT 1", 1, 1),
        Statement("SELECT\n2", 1, 12),
        Statement("SELECT 3", 4, 3),
    )


def test_a_place_in_a_statement_is_a_place_in_the_whole() -> None:
    second = statements("SELECT 1;  SELECT\nnope")[1]
    assert place_in_whole(second, 1, 8) == (1, 19)
    assert place_in_whole(second, 2, 1) == (2, 1)


def test_a_long_text_is_cut_in_time_that_grows_with_its_length() -> None:
    assert len(statements("SELECT 'a;b', 1 -- c;\n;" * 20_000)) == 20_000
