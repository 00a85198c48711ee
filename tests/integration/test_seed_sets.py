"""Each data set loaded in turn: its counts are exact, and every check that applies to it is green."""

from __future__ import annotations

import pytest

from tests.integration.stack import Stack

COUNTS = {
    "small": {"customers": 15, "products": 10, "orders": 20, "campaigns": 8, "leads": 15},
    "flow": {"customers": 1000, "leads": 2500},
    "pushdown": {"events_big": 1_000_000},
    "journey": {"leads": 4580, "customers": 1379},
}


@pytest.mark.parametrize("name", COUNTS)
def test_each_set_is_loaded_exactly_and_verified(stack: Stack, name: str) -> None:
    stack.dm("seed", "--set", name)
    counts = stack.json("seed", "--list")["counts"]
    assert {table: counts[table] for table in COUNTS[name]} == COUNTS[name]
    assert stack.verify()


def test_loading_what_is_loaded_does_nothing(stack: Stack) -> None:
    stack.dm("seed", "--set", "journey")
    again = stack.json("seed", "--set", "journey")
    assert [d["loaded"] for d in again["domains"]] == [False, False]
