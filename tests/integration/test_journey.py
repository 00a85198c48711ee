"""The main job, step by step: seed, ask across both domains, build the marts, verify everything."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from decimal import Decimal
from typing import Any

import pytest

from datameesh_cli.usecases.open_lake import lake_of
from tests.integration.stack import Stack

EXACT: list[tuple[Any, ...]] = [
    ("Google Ads", 1250, 458, Decimal("36.64"), Decimal("7.2"), 2_340_500),
    ("Facebook", 890, 312, Decimal("35.06"), Decimal("5.8"), 1_890_300),
    ("Email", 2100, 520, Decimal("24.76"), Decimal("12.4"), 1_650_800),
    ("LinkedIn", 340, 89, Decimal("26.18"), Decimal("15.2"), 890_400),
]
AVERAGE_REVENUE = [5110, 6058, 3175, 10005]
COLUMNS = [
    *("lead_source", "campaign_name", "total_leads", "converted_customers"),
    *("conversion_rate", "avg_days_to_convert", "total_revenue", "avg_revenue_per_customer"),
]


@pytest.fixture
def journey(stack: Stack) -> Stack:
    """The shared stack with set `journey` loaded; what is loaded already is left alone."""
    stack.dm("seed", "--set", "journey")
    return stack


def _rows(stack: Stack) -> list[dict[str, str]]:
    out = stack.dm("sql", "@journey", "--output", "csv").stdout
    reader = csv.DictReader(io.StringIO(out))
    assert reader.fieldnames == COLUMNS
    return list(reader)


@pytest.mark.row("S-DATA-03", "S-DATA-04", "S-DATA-05", "S-QRY-02")
def test_the_journey_query_answers_with_the_known_figures(journey: Stack) -> None:
    rows = _rows(journey)
    assert rows[0]["campaign_name"] == "Spring Sale 2024"
    assert [
        (
            r["lead_source"],
            int(r["total_leads"]),
            int(r["converted_customers"]),
            Decimal(r["conversion_rate"]),
            Decimal(r["avg_days_to_convert"]),
            Decimal(r["total_revenue"]),
        )
        for r in rows
    ] == EXACT
    for row, shown in zip(rows, AVERAGE_REVENUE, strict=True):
        assert abs(Decimal(row["avg_revenue_per_customer"]) - shown) <= 1


def test_the_same_answer_as_table_and_json(journey: Stack) -> None:
    table = journey.dm("sql", "@journey").stdout
    for source, leads, converted, rate, days, _ in EXACT:
        line = next(line for line in table.splitlines() if source in line)
        assert all(str(value) in line for value in (leads, converted, rate, days))
    rows: Any = json.loads(journey.dm("sql", "@journey", "--output", "json").stdout)
    assert len(rows) == 4


def test_sql_that_trino_refuses_ends_in_2_with_trino_s_reason(journey: Stack) -> None:
    done = journey.dm("sql", "SELECT nope FROM sales.public.customers", code=2)
    assert "nope" in done.stderr
    assert done.stdout == ""


def test_dbt_builds_eight_models_and_passes_twelve_tests(journey: Stack) -> None:
    summary = journey.json("dbt", "build", "--select", "tag:seed")
    assert summary["models"] == {"passed": 8, "warned": 0, "failed": 0, "skipped": 0}
    assert summary["tests"] == {"passed": 12, "warned": 0, "failed": 0, "skipped": 0}


def test_the_whole_project_builds_and_its_tests_pass(journey: Stack) -> None:
    summary = journey.json("dbt", "build")
    assert summary["failures"] == []
    assert summary["skipped"] == []
    assert summary["models"]["passed"] >= 8
    assert summary["tests"]["passed"] >= 12


def test_the_mart_holds_what_the_query_says(journey: Stack) -> None:
    out = journey.dm(
        "sql",
        "SELECT lead_source, count(*), count(customer_id) FROM lake.marts.mart_customer_journey GROUP BY 1 ORDER BY 2 DESC",
        "--output",
        "csv",
    ).stdout
    found = {row[0]: int(row[1]) for row in list(csv.reader(io.StringIO(out)))[1:]}
    assert found == {source: leads for source, leads, *_ in EXACT}


def test_every_place_answers_over_tls_and_refuses_plain_http(journey: Stack) -> None:
    """A tool's page; what programs ask (an API) is none."""
    import requests

    places = journey.json("urls")
    assert {p["title"] for p in places} == {"Sign-in", "Trino", "Lake console"}
    trusted = str(journey.adapters.state.secrets / "mesh-ca")
    for place in places:
        assert requests.get(place["url"], timeout=20, verify=trusted).status_code < 400, place["url"]
        scheme, _, address = place["url"].partition("://")
        assert scheme == "https"
        with contextlib.suppress(requests.ConnectionError):  # hung up on
            assert requests.get(f"http://{address}", timeout=20).status_code == 400, place["url"]


def test_status_and_why_tell_of_every_service(journey: Stack) -> None:
    status = journey.json("status", "--usage")
    assert status["services"]
    for service in status["services"]:
        assert service["ok"], service
        if service["kind"] == "service":
            assert 0 < service["used"] <= service["limit"]
        assert "memory" in journey.dm("why", service["service"]).stdout


@pytest.mark.row("S-PRIN-05", "S-QRY-14")
def test_a_federated_query_copies_nothing_into_the_lake(journey: Stack) -> None:
    lake = lake_of(journey.adapters)
    before = lake.list("datalake")
    assert len(_rows(journey)) == len(EXACT)
    assert before and lake.list("datalake") == before
