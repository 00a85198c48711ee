"""What was observed against what is expected: every kind of expectation must be able to fail."""

from __future__ import annotations

import datetime
from dataclasses import fields
from decimal import Decimal
from typing import Any

import pytest

from datameesh_cli.core.checks import KINDS
from datameesh_cli.core.expectation import Answer, Expect, same, text_of
from datameesh_cli.core.schema import Wrong

EXPECTS = {kind.called: kind.expects for kind in KINDS.values()}
MOMENT = datetime.datetime(2024, 1, 15, 10, 23, 45)


def complaints(expect: dict[str, Any], seen: Answer, seconds: float) -> tuple[str, ...]:
    """As a check of the first kind says of which all that can be expected."""
    return next(of for of in EXPECTS.values() if set(expect) <= _names(of))(**expect).complaints(seen, seconds)


def _names(of: type[Expect]) -> set[str]:
    return {f.name for f in fields(of)}


@pytest.mark.parametrize("kind", EXPECTS)
def test_nothing_can_be_expected_that_nobody_judges(kind: str) -> None:
    assert _names(EXPECTS[kind]) - {"max_seconds", "error"} == set(EXPECTS[kind].judges)


@pytest.mark.parametrize("kind", EXPECTS)
def test_an_expectation_that_everything_meets_is_none(kind: str) -> None:
    for expect in ({}, {"contains": []}, {"not_contains": ""}):
        with pytest.raises(Wrong):
            EXPECTS[kind](**expect)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (1, "1"),
        (2340500, Decimal("2340500.00")),
        ("2340500.00", Decimal("2340500.00")),
        ("2340500", Decimal("2340500.00")),
        (36.64, Decimal("36.64")),
        (7.2, 7.2),
        ("7.2", 7.2),
        (100, 100.0),
        (0, Decimal("0.00")),
        (True, True),
        (True, "t"),
        (False, "f"),
        (None, None),
        ("2024-01-15 10:23:45", MOMENT),
        (MOMENT, "2024-01-15 10:23:45"),
        (datetime.date(2024, 1, 15), datetime.date(2024, 1, 15)),
        ("[1, 2]", [1, 2]),
        ("00ff", b"\x00\xff"),
        ("alice", "alice"),
    ],
)
def test_the_same_value_in_two_types_is_the_same(expected: Any, found: Any) -> None:
    assert same(expected, found)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (1, "one"),
        (36.64, Decimal("36.65")),
        ("7.20", "7.2"),
        (None, ""),
        ("", None),
        ("None", None),
        (True, 1),
        (1, True),
        ("1", True),
        ("2024-01-15", MOMENT),
        ("Alice", "alice"),
    ],
)
def test_different_values_differ(expected: Any, found: Any) -> None:
    assert not same(expected, found)


def test_numbers_lose_only_zeros_that_say_nothing() -> None:
    assert [text_of(v) for v in (Decimal("1200.00"), 1200, Decimal("1E+3"), 0.1, Decimal("0.10"), -0.5)] == [
        "1200",
        "1200",
        "1000",
        "0.1",
        "0.1",
        "-0.5",
    ]


TABLE = Answer(columns=("id", "name"), rows=((1, "Alice"), (2, "Bob")))
TEXT = Answer(exit=0, text="up and running")
PAGE = Answer(status=200, text='{"starting":false}')


@pytest.mark.parametrize(
    ("expect", "seen"),
    [
        ({"rows": [[1, "Alice"], [2, "Bob"]]}, TABLE),
        ({"rows_unordered": [[2, "Bob"], [1, "Alice"]]}, TABLE),
        ({"scalar": 5}, Answer(rows=(("5",),))),
        ({"contains": "Ali"}, TABLE),
        ({"contains": ["Alice", [2, "Bob"]]}, TABLE),
        ({"not_contains": ["Carol", [1, "Bob"]]}, TABLE),
        ({"row_count": 2}, TABLE),
        ({"columns": ["id", "name"]}, TABLE),
        ({"first_columns": ["id"]}, TABLE),
        ({"error": "access denied"}, Answer(error="Access Denied: cannot select")),
        ({"exit": 0, "contains": "running"}, TEXT),
        ({"exit": 1}, Answer(exit=1)),
        ({"status": 200, "contains": '"starting":false'}, PAGE),
        ({"status": 403}, Answer(status=403)),
        ({"one_address": True}, Answer(rows=(("a", "10.0.0.1"), ("b", "10.0.0.1")), exit=0)),
        ({"rows": []}, Answer()),
        ({"max_seconds": 1}, TEXT),
    ],
)
def test_what_is_expected_passes(expect: dict[str, Any], seen: Answer) -> None:
    assert complaints(expect, seen, 0.5) == ()


@pytest.mark.parametrize(
    ("expect", "seen", "says"),
    [
        ({"rows": [[1, "Alice"], [2, "Eve"]]}, TABLE, "row 2: expected (2, 'Eve'), got (2, 'Bob')"),
        ({"rows": [[1, "Alice"]]}, TABLE, "expected 1 rows, got 2"),
        ({"rows": [[2, "Bob"], [1, "Alice"]]}, TABLE, "row 1"),
        ({"rows_unordered": [[1, "Alice"], [1, "Alice"]]}, TABLE, "missing row (1, 'Alice')"),
        ({"rows_unordered": [[1, "Alice"]]}, TABLE, "1 more rows"),
        ({"scalar": 1}, TABLE, "expected one value"),
        ({"scalar": 1}, Answer(), "no rows"),
        ({"scalar": 1}, Answer(rows=((None,),)), "got NULL"),
        ({"contains": "Carol"}, TABLE, "does not contain 'Carol'"),
        ({"contains": [[1, "Bob"]]}, TABLE, "does not contain [1, 'Bob']"),
        ({"not_contains": "Bob"}, TABLE, "contains 'Bob'"),
        ({"row_count": 3}, TABLE, "expected 3 rows, got 2"),
        ({"row_count": 1}, TABLE, "expected 1 rows, got 2"),
        ({"columns": ["id"]}, TABLE, "expected columns id; got id, name"),
        ({"first_columns": ["name"]}, TABLE, "expected columns name"),
        ({"error": "denied"}, TABLE, "should have been refused"),
        ({"error": "denied"}, Answer(error="no such table"), "got: no such table"),
        ({"scalar": 1}, Answer(error="no such table"), "failed: no such table"),
        ({"exit": 0}, Answer(exit=2, text="boom"), "expected exit code 0, got 2: boom"),
        ({"contains": "ok"}, Answer(exit=1, text="ok"), "exit code 1"),
        ({"status": 200}, Answer(status=404, text="gone"), "expected status 200, got 404: gone"),
        ({"contains": "gone"}, Answer(status=404, text="gone"), "status 404"),
        ({"one_address": True}, Answer(rows=(("a", "10.0.0.1"), ("b", "10.0.0.2")), exit=0), "10.0.0.1, 10.0.0.2"),
        ({"one_address": True}, Answer(exit=0), "addresses: none"),
        ({"max_seconds": 0.1}, TEXT, "took 0.50 s"),
    ],
)
def test_what_is_not_expected_fails_and_says_why(expect: dict[str, Any], seen: Answer, says: str) -> None:
    assert says in "; ".join(complaints(expect, seen, 0.5))


def test_a_long_answer_is_shortened() -> None:
    (said,) = complaints({"contains": "x"}, Answer(exit=0, text="y" * 5000), 0)
    assert len(said) < 300
