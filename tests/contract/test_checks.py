"""The checks themselves: that each can fail, says so of what is not there, and that every shipped query is one."""

from __future__ import annotations

import re
from collections import Counter

import pytest
import yaml

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.applicability import Situation, why_not
from datameesh_cli.core.check import Check
from datameesh_cli.core.checks import KINDS
from datameesh_cli.core.checks.exec import Exec
from datameesh_cli.core.checks.sql import Sql
from datameesh_cli.usecases.plan_memory import plan_memory
from datameesh_cli.usecases.read_checks import read_checks
from tests.applicable import APPLICABLE, REASONS
from tests.contract.repo import ROOT

CHECKS = read_checks(adapters_for(), adapters_for().repository.model())
EVERY = pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
SMALLEST = 1536
BLIND = re.compile(r"<>|!=|\bNOT (?:IN|BETWEEN|LIKE)\b(?! '%system\.runtime%')", re.IGNORECASE)
QUERIES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "services" / "trino" / "queries").glob("*.sql"))


def _written(check: Check) -> str:
    """The SQL that the check itself gives to Trino; that of a shipped query is the query's own affair."""
    action = check.action
    return (action.then if action.file else action.statement) if isinstance(action, Sql) else ""


@EVERY
def test_no_comparison_overlooks_a_null(check: Check) -> None:
    """`a <> b` is NULL where one of them is, and a NULL is not counted: IS DISTINCT FROM, or count what is as it should be."""
    assert BLIND.findall(_written(check)) == []


@EVERY
def test_nothing_wrong_in_nothing_is_no_proof(check: Check) -> None:
    """A row of zeros alone is also what an empty table gives: beside it stands how much was looked at."""
    if not isinstance(check.action, Sql) or not re.search(r"\bcount(?:_if)?\(", _written(check)):
        return
    said = check.expect.said
    rows = said.get("rows") or said.get("rows_unordered") or [[said.get("scalar", 1)]]
    assert {value for row in rows for value in row} != {0}


@EVERY
def test_a_list_of_names_is_compared_name_by_name(check: Check) -> None:
    """`sales` is part of `sales_analytics`: what SHOW lists is compared by whole rows."""
    if _written(check).strip().startswith("SHOW "):
        asked = check.expect.said.get("contains", [])
        assert all(isinstance(item, list) for item in (asked if isinstance(asked, list) else [asked]))


@pytest.mark.parametrize("file", QUERIES)
def test_every_shipped_query_is_run_by_a_check_that_knows_its_rows(file: str) -> None:
    running = [c for c in CHECKS if isinstance(c.action, Sql) and c.action.file == file]
    assert [c.name for c in running if c.expect.said.get("rows") or c.expect.said.get("rows_unordered")]


def test_every_command_that_prints_is_compared_with_what_it_printed() -> None:
    """A command of several steps that ends well may have skipped one: `exit: 0` alone is for a single program."""
    scripts = [c for c in CHECKS if isinstance(c.action, Exec) and "\n" in c.action.command[-1]]
    assert scripts
    assert [c.id for c in scripts if "contains" not in c.expect.said] == []


def test_a_check_of_every_kind_is_there() -> None:
    assert {c.action.called for c in CHECKS} == set(KINDS)


@pytest.mark.parametrize("name", sorted(APPLICABLE))
def test_each_data_set_has_its_number_of_checks(name: str) -> None:
    planned = plan_memory(adapters_for(), ("analytics",), SMALLEST, elsewhere=True)
    situation = Situation("compose", planned.replicas, planned.plan.left_out, frozenset({name}))
    reasons = [why_not(check, planned.model.services, situation) for check in CHECKS]
    kinds = Counter(reason.kind if reason else "applies" for reason in reasons)
    assert dict(kinds) == APPLICABLE[name]
    for reason in filter(None, reasons):
        assert re.fullmatch(REASONS[reason.kind], reason.text)


def test_every_data_set_is_counted() -> None:
    assert set(APPLICABLE) == set(yaml.safe_load((ROOT / "seed" / "people.yaml").read_text())["sets"])
