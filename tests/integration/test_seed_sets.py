"""Each data set loaded in turn and its marts built: its counts are exact, and all checks that it has are run."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.checks import PROFILE, WHOLE, Verified
from tests.integration.stack import Stack, refuse_uncounted

COUNTS = {
    "small": {"customers": 15, "products": 10, "orders": 20, "campaigns": 8, "leads": 15},
    "flow": {"customers": 1000, "leads": 2500},
    "pushdown": {"events_big": 1_000_000},
    "journey": {"leads": 4580, "customers": 1379},
}


@pytest.mark.parametrize("name", COUNTS)
def test_each_set_is_loaded_exactly_and_all_its_checks_are_run(
    verified: Callable[[str, str], Verified], name: str
) -> None:
    """Whether each is green: the tests that tests/checks.py makes of their files."""
    found = verified(PROFILE, name)
    assert {table: found.counts[table] for table in COUNTS[name]} == COUNTS[name]
    if name in WHOLE:
        refuse_uncounted(list(found.results), name)
    else:
        assert {r["reason"] for r in found.results if r["result"] == "not applicable"} <= {"plan", "mode", "target"}


def test_what_dbt_says_of_a_set_whose_addresses_repeat(stack: Stack) -> None:
    """One model is not built and one test fails, by design; `dm dbt run` builds all, and that is what `dm verify` tells."""
    stack.dm("seed", "--set", "flow")
    refused = json.loads(stack.dm("dbt", "build", "--select", "tag:seed", "--output", "json", code=4).stdout)
    assert [f["name"] for f in refused["failures"]] == ["unique_mart_customer_journey_email"]
    assert refused["skipped"] == ["mart_lead_to_customer_journey"]
    name = "the earlier name of the journey mart holds the same rows"
    idle = stack.dm("verify", "journeys/lake", name, code=2).stderr
    assert "mart mart_lead_to_customer_journey is older than the loaded data; run: dm dbt run" in idle
    stack.dm("dbt", "run")
    stack.dm("verify", "--strict", name)


def test_loading_what_is_loaded_does_nothing(stack: Stack) -> None:
    stack.dm("seed", "--set", "journey")
    again = stack.json("seed", "--set", "journey")
    assert [d["loaded"] for d in again["domains"]] == [False, False]
