"""The figures that the data sets promise (group 2.4 of the fact matrix), counted from the rows as they would be loaded."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from datameesh_cli.core.seed.dataset import Dataset, dataset_from
from datameesh_cli.core.seed.people import People
from datameesh_cli.core.seed.people_file import people_from
from datameesh_cli.core.seed.plan import plan
from datameesh_cli.core.seed.rows import copy_text, rows

SEED = Path(__file__).parents[3] / "seed"
SETS = ("small", "flow", "journey", "pushdown")
Table = list[dict[str, Any]]


@cache
def people() -> People:
    return people_from(yaml.safe_load((SEED / "people.yaml").read_text()), "seed/people.yaml")


@cache
def dataset(domain: str) -> Dataset:
    file = SEED / domain / "dataset.yaml"
    return dataset_from(yaml.safe_load(file.read_text()), domain, str(file), SETS)


@cache
def loaded(name: str, scale: int = 1) -> Mapping[str, Table]:
    """All tables of a set but the one made in bulk, as rows by column name."""
    made = plan(people(), name, scale)
    return {
        table.name: [
            dict(zip([c.name for c in table.loaded_columns], row, strict=True)) for row in rows(domain, table, made)
        ]
        for domain in (dataset("sales"), dataset("marketing"))
        for table in domain.tables
        if table.counts is None
    }


def journey_query(name: str) -> dict[tuple[str, str], dict[str, Any]]:
    """What the journey query (S-QRY-02) computes, written out in Python."""
    tables = loaded(name)
    campaign = {row["campaign_id"]: row["campaign_name"] for row in tables["campaigns"]}
    customer = {row["email"]: row for row in tables["customers"]}
    revenue: Counter[int] = Counter()
    for order in tables["orders"]:
        revenue[order["customer_id"]] += order["total_amount"]
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for lead in tables["leads"]:
        groups[lead["source"], campaign[lead["campaign_id"]]].append(lead)
    answer = {}
    for key, leads in groups.items():
        won = [(lead, customer[lead["email"]]) for lead in leads if lead["email"] in customer]
        days = [(buyer["created_at"] - lead["created_at"]).days for lead, buyer in won]
        total = sum((revenue[buyer["customer_id"]] for _, buyer in won), Decimal(0))
        emails, buyers = {lead["email"] for lead in leads}, {buyer["customer_id"] for _, buyer in won}
        answer[key] = {
            "leads": len(emails),
            "converted": len(buyers),
            "rate": round(Decimal(100 * len(buyers)) / len(emails), 2),
            "days": round(sum(days) / len(days), 1) if days else None,
            "revenue": total,
            "average": float(total) / len(won) if won else None,
            "least_days": min(days, default=None),
        }
    return answer


def test_small_has_the_counts_of_the_summary() -> None:
    counts = {name: len(table) for name, table in loaded("small").items()}
    assert {k: counts[k] for k in ("customers", "products", "orders", "campaigns", "leads")} == {
        "customers": 15,
        "products": 10,
        "orders": 20,
        "campaigns": 8,
        "leads": 15,
    }
    assert counts["inventory"] == 10


def test_flow_has_the_row_counts_of_the_picture() -> None:
    tables = loaded("flow")
    assert (len(tables["customers"]), len(tables["leads"])) == (1000, 2500)
    buyers = {row["email"]: row["customer_name"] for row in tables["customers"]}
    joined = [row for row in tables["leads"] if row["email"] in buyers]
    assert len(joined) == 850
    assert len({(buyers[row["email"]], row["campaign_name"]) for row in joined}) == 45


JOURNEY: Mapping[tuple[str, str], tuple[int, int, str, float, str, int]] = {
    ("Google Ads", "Spring Sale 2024"): (1250, 458, "36.64", 7.2, "2340500.00", 5110),
    ("Facebook", "Black Friday"): (890, 312, "35.06", 5.8, "1890300.00", 6058),
    ("Email", "Spring Sale 2024"): (2100, 520, "24.76", 12.4, "1650800.00", 3175),
    ("LinkedIn", "B2B Campaign"): (340, 89, "26.18", 15.2, "890400.00", 10005),
}


@pytest.mark.parametrize("pair", JOURNEY)
def test_journey_answers_with_the_known_figures(pair: tuple[str, str]) -> None:
    leads, converted, rate, days, revenue, average = JOURNEY[pair]
    row = journey_query("journey")[pair]
    assert (row["leads"], row["converted"], row["days"]) == (leads, converted, days)
    assert (row["rate"], row["revenue"]) == (Decimal(rate), Decimal(revenue))
    assert abs(row["average"] - average) <= 1.0
    assert row["least_days"] >= 0


def test_journey_has_no_fifth_group_and_the_sum_of_the_four() -> None:
    answer = journey_query("journey")
    assert set(answer) == set(JOURNEY)
    assert sum(row["revenue"] for row in answer.values()) == Decimal("6772000.00")
    assert sum(row["leads"] for row in answer.values()) == 4580
    assert sum(row["converted"] for row in answer.values()) == 1379 == len(loaded("journey")["customers"])
    assert sum(row["total_amount"] for row in loaded("journey")["orders"]) == Decimal("6772000.00")


def test_pushdown_has_a_million_events_a_tenth_of_them_flagged() -> None:
    table = next(t for t in dataset("sales").tables if t.name == "events_big")
    columns = [column.name for column in table.columns]
    assert columns[-1] == "flag"
    flagged = total = 0
    numbers: list[bytes] = []
    for text, count in copy_text(dataset("sales"), table, plan(people(), "pushdown"), "pushdown"):
        assert text.count(b"\n") == count
        flagged += text.count(b"\tt\n")
        total += count
        numbers += [text.split(b"\t", 1)[0], text.rsplit(b"\n", 2)[1].split(b"\t", 1)[0]]
    assert (total, flagged) == (1_000_000, 100_000)
    # First and last number of each chunk: no gap, no overlap.
    edges = [int(number) for number in numbers]
    assert edges[0] == 1
    assert edges[-1] == 1_000_000
    assert all(after == before + 1 for before, after in zip(edges[1:-1:2], edges[2::2], strict=True))


def test_other_sets_have_no_events() -> None:
    table = next(t for t in dataset("sales").tables if t.name == "events_big")
    for name in ("small", "flow", "journey"):
        assert list(copy_text(dataset("sales"), table, plan(people(), name), name)) == []


@pytest.mark.parametrize("name", SETS)
def test_the_first_three_customers_bought_for_the_known_sums(name: str) -> None:
    sums: Counter[int] = Counter()
    for order in loaded(name)["orders"]:
        sums[order["customer_id"]] += order["total_amount"]
    assert [sums[i] for i in (1, 2, 3)] == [Decimal("5230.00"), Decimal("3890.00"), Decimal("4120.00")]
    assert [row["campaign_id"] for row in loaded(name)["leads"][:3]] == [1, 2, 1]


def test_the_three_are_first_by_name_and_by_revenue_among_joined_customers_of_small() -> None:
    leads = {row["email"] for row in loaded("small")["leads"]}
    joined = [row for row in loaded("small")["customers"] if row["email"] in leads]
    by_name = sorted(row["customer_name"] for row in joined)[:3]
    by_revenue = sorted(joined, key=lambda row: -row["revenue"])[:3]
    assert by_name == ["Alice Johnson", "Bob Smith", "Carol White"]
    assert {row["customer_name"] for row in by_revenue} == set(by_name)


def test_small_has_each_customer_segment_and_a_direct_lead() -> None:
    revenues = [row["revenue"] for row in loaded("small")["customers"]]
    assert any(r >= 50_000 for r in revenues)
    assert any(10_000 <= r < 50_000 for r in revenues)
    assert any(r < 10_000 for r in revenues)
    assert any(row["source"] == "Direct" for row in loaded("small")["leads"])
    assert not any(row["source"] == "Direct" for row in loaded("journey")["leads"])


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


CUSTOMERS = [
    (1, "Alice Johnson", "alice@example.com", "555-1001", at("2024-01-15 10:23:45")),
    (2, "Bob Smith", "bob@example.com", "555-1002", at("2024-01-20 14:30:22")),
    (3, "Carol White", "carol@example.com", "555-1003", at("2024-02-01 09:15:33")),
    (4, "David Brown", "david@example.com", "555-1004", at("2024-02-10 16:45:12")),
    (5, "Emma Davis", "emma@example.com", "555-1005", at("2024-02-15 11:20:00")),
]
LEADS = [
    (101, "alice@example.com", "Google Ads", 1, at("2024-01-10 08:15:00")),
    (102, "bob@example.com", "Facebook", 2, at("2024-01-18 12:30:00")),
    (103, "carol@example.com", "Email", 1, at("2024-01-28 15:45:00")),
    (104, "david@example.com", "LinkedIn", 3, at("2024-02-05 09:20:00")),
    (105, "emma@example.com", "Google Ads", 1, at("2024-02-12 14:10:00")),
]


@pytest.mark.parametrize("name", SETS)
def test_the_previewed_rows_come_first(name: str) -> None:
    first_columns = [tuple(row.values())[:5] for row in loaded(name)["customers"][:5]]
    assert first_columns == CUSTOMERS
    assert [tuple(row.values())[:5] for row in loaded(name)["leads"][:5]] == LEADS
    days = [(c[4] - lead[4]).days for c, lead in zip(CUSTOMERS, LEADS, strict=True)]
    assert days == [5, 2, 3, 5, 2]


def test_columns_stand_in_the_previewed_order() -> None:
    order = {t.name: [c.name for c in t.columns][:5] for d in ("sales", "marketing") for t in dataset(d).tables}
    assert order["customers"] == ["customer_id", "customer_name", "email", "phone", "created_at"]
    assert order["leads"] == ["lead_id", "email", "source", "campaign_id", "created_at"]


def test_the_row_of_the_masking_picture_is_there() -> None:
    for name in SETS:
        assert tuple(loaded(name)["customer_pii"][0].values()) == (1, "alice@example.com", "123-45-6789", "555-0123")


@pytest.mark.parametrize("name", ["small", "journey"])
def test_addresses_are_unique_in_leads_and_everywhere_in_customers(name: str) -> None:
    for table in ("leads", "customers"):
        emails = [row["email"] for row in loaded(name)[table]]
        assert len(set(emails)) == len(emails)


def test_every_campaign_of_small_has_a_lead_and_a_cost() -> None:
    tables = loaded("small")
    assert {row["campaign_id"] for row in tables["leads"]} == {row["campaign_id"] for row in tables["campaigns"]}
    assert all(Decimal(row["ad_spend"]) > 0 for row in tables["campaigns"])
    assert [row["campaign_name"] for row in tables["campaigns"][:3]] == [
        "Spring Sale 2024",
        "Black Friday",
        "B2B Campaign",
    ]


WHOLE: Mapping[str, Callable[[Mapping[str, Table]], bool]] = {
    "orders refer to customers": lambda t: (
        {o["customer_id"] for o in t["orders"]} <= {c["customer_id"] for c in t["customers"]}
    ),
    "orders refer to products": lambda t: (
        {o["product_id"] for o in t["orders"]} <= {p["product_id"] for p in t["products"]}
    ),
    "leads refer to campaigns": lambda t: (
        {x["campaign_id"] for x in t["leads"]} <= {c["campaign_id"] for c in t["campaigns"]}
    ),
    "inventory has one row per product": lambda t: (
        [i["product_id"] for i in t["inventory"]] == [p["product_id"] for p in t["products"]]
    ),
    "pii has one row per customer": lambda t: (
        [p["customer_id"] for p in t["customer_pii"]] == [c["customer_id"] for c in t["customers"]]
    ),
    "leads carry their campaign's name": lambda t: (
        {(x["campaign_id"], x["campaign_name"]) for x in t["leads"]}
        <= {(c["campaign_id"], c["campaign_name"]) for c in t["campaigns"]}
    ),
    "metrics cover every campaign": lambda t: (
        {m["campaign_id"] for m in t["metrics"]} == {c["campaign_id"] for c in t["campaigns"]}
    ),
    "revenue is the sum of orders": lambda t: all(
        c["revenue"] == s for c, s in zip(t["customers"], _sums(t), strict=True)
    ),
    "spend adds up": lambda t: all(
        Decimal(c["ad_spend"]) == sum(m["spend"] for m in t["metrics"] if m["campaign_id"] == c["campaign_id"])
        for c in t["campaigns"]
    ),
    "nobody ordered before becoming a customer": lambda t: all(
        o["order_date"] >= t["customers"][o["customer_id"] - 1]["created_at"] for o in t["orders"]
    ),
}


def _sums(tables: Mapping[str, Table]) -> list[Decimal]:
    sums: Counter[int] = Counter()
    for order in tables["orders"]:
        sums[order["customer_id"]] += order["total_amount"]
    return [Decimal(sums[row["customer_id"]]) for row in tables["customers"]]


@pytest.mark.parametrize("rule", WHOLE)
@pytest.mark.parametrize(("name", "scale"), [("small", 1), ("small", 40), ("flow", 1), ("journey", 1)])
def test_the_rows_hold_together(name: str, scale: int, rule: str) -> None:
    assert WHOLE[rule](loaded(name, scale))


def test_scale_gives_so_many_times_small_with_the_preview_first() -> None:
    scale = 400  # 6000 people: more than the 5000 names, so names repeat and addresses must not
    once, often = loaded("small"), loaded("small", scale)
    assert {name: len(table) for name, table in often.items()} == {
        name: len(table) * scale for name, table in once.items()
    }
    for name, table in once.items():
        if name != "metrics":
            assert often[name][: len(table)] == table
    emails = [row["email"] for row in often["customers"]]
    assert len(set(emails)) == len(emails)
    names = [row["campaign_name"] for row in often["campaigns"]]
    assert len(set(names)) == len(names)
    converted = {row["email"] for row in often["leads"]} & set(emails)
    assert len(converted) == scale * 10
