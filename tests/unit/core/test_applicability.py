"""Where a check applies, and the reason that is told where it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from datameesh_cli.core.applicability import (
    DATA,
    EXCUSED,
    MART,
    MODE,
    PLAN,
    TARGET,
    Reason,
    Situation,
    needed_services,
    why_not,
)
from datameesh_cli.core.check import Check
from datameesh_cli.core.checks.exec import Exec
from datameesh_cli.core.checks.http import Http
from datameesh_cli.core.checks.psql import Psql
from datameesh_cli.core.checks.published import Published
from datameesh_cli.core.checks.resolve import Resolve
from datameesh_cli.core.checks.s3 import S3
from datameesh_cli.core.checks.sql import Sql
from datameesh_cli.core.model import Port
from datameesh_cli.errors import UserError
from tests.fakes.values import a_check, a_service

SERVICES = (
    a_service("sales-db", provides=("domain-database",)),
    a_service(
        "trino-coordinator",
        folder="trino",
        profile="analytics",
        ports=(Port("TRINO_PORT", 30808, 8080),),
        provides=("sql",),
    ),
    a_service("trino-worker", folder="trino", profile="analytics"),
    a_service("minio", profile="analytics", provides=("object-store",)),
)
CORE = Situation("compose", {"sales-db": 1})
ALL = Situation(
    "compose",
    {"sales-db": 1, "trino-coordinator": 1, "trino-worker": 0, "minio": 1},
    {"trino-worker": "the coordinator also works"},
    frozenset({"small"}),
)
ACADEMIC = replace(ALL, mode="academic")


def _check(action: Any = None, file: str = "tests/journeys/x.yaml", **fields: Any) -> Check:
    return a_check(action or Sql("SELECT 1"), file=file, **fields)


@pytest.mark.parametrize(
    ("action", "needed"),
    [
        (Sql("SELECT 1"), ("trino-coordinator",)),
        (Psql("sales-db", "sales_db", "SELECT 1"), ("sales-db",)),
        (Exec("minio", ("ls",)), ("minio",)),
        (Http("TRINO_PORT"), ("trino-coordinator",)),
        (S3("datalake/"), ("minio",)),
        (Published(("sales-db", "minio")), ("sales-db", "minio")),
        (Resolve(("anything",)), ()),
    ],
)
def test_an_action_needs_what_it_talks_to(action: Any, needed: tuple[str, ...]) -> None:
    assert needed_services(_check(action), SERVICES) == needed


def test_what_is_named_is_needed_too() -> None:
    assert needed_services(_check(needs=("minio", "trino-coordinator")), SERVICES) == ("minio", "trino-coordinator")


@pytest.mark.parametrize(
    ("check", "says"),
    [
        (_check(needs=("trino",)), "there is no service 'trino'"),
        (_check(left_out="trino-wroker"), "there is no service 'trino-wroker'"),
        (_check(Http("NO_PORT")), "no service publishes 'NO_PORT'"),
        (_check(Exec("nope", ("ls",))), "there is no service 'nope'"),
    ],
)
def test_a_name_that_does_not_exist_is_refused_with_the_check(check: Check, says: str) -> None:
    with pytest.raises(UserError, match="one") as wrong:
        needed_services(check, SERVICES)
    assert says in wrong.value.message


@pytest.mark.parametrize(
    ("check", "situation", "kind", "text"),
    [
        (_check(), CORE, PLAN, "profile analytics is not in force"),
        (
            _check(needs=("trino-worker",)),
            ALL,
            PLAN,
            "trino-worker is left out of this plan: the coordinator also works",
        ),
        (_check(left_out="minio"), ALL, PLAN, "only where the plan leaves minio out"),
        (_check(left_out="trino-worker"), CORE, PLAN, "profile analytics is not in force"),
        (_check(sets=("flow", "journey")), ALL, DATA, "needs data set flow or journey; loaded: small"),
        (_check(Resolve(("a",)), sets=("flow",)), CORE, DATA, "needs data set flow; loaded: none"),
        (_check(target="kubernetes"), ALL, TARGET, "only on kubernetes"),
        (_check(mode="academic"), ALL, MODE, "only in mode academic"),
        (_check(mode="governed", sets=("flow",)), ACADEMIC, MODE, "only in mode governed"),
        (_check(Resolve(("a",)), file="services/minio/smoke.yaml"), CORE, PLAN, "profile analytics is not in force"),
    ],
)
def test_the_reason_is_told_with_its_kind(check: Check, situation: Situation, kind: str, text: str) -> None:
    assert why_not(check, SERVICES, situation) == Reason(kind, text)


@pytest.mark.parametrize(
    ("check", "situation"),
    [
        (_check(), ALL),
        (_check(left_out="trino-worker"), ALL),
        (_check(sets=("small", "journey")), ALL),
        (_check(target="compose"), ALL),
        (_check(mode="governed"), ALL),
        (_check(mode="academic"), ACADEMIC),
        (_check(Resolve(("a",)), file="services/trino/smoke.yaml"), ALL),
        (_check(Resolve(("a",)), file="services/sales-db/smoke.yaml"), CORE),
    ],
)
def test_what_can_be_run_applies(check: Check, situation: Situation) -> None:
    assert why_not(check, SERVICES, situation) is None


def test_only_a_mart_that_is_not_built_is_no_excuse() -> None:
    assert {TARGET, PLAN, MODE, DATA, MART} - set(EXCUSED) == {MART}
