"""Who may ask the domains' APIs: of the file of people of this repository, counted by hand."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters.repository import Repository
from datameesh_cli.core.identity.makers import MAKERS
from datameesh_cli.core.identity.material import Catalog, Material
from datameesh_cli.core.identity.people import ACADEMIC, Delta, file_from, people_of

ROOT = Path(__file__).parents[3]
SAID = file_from(Repository(ROOT).read_yaml(ROOT / "identity" / "people.yaml"), "identity/people.yaml")
PEOPLE = people_of(SAID, Delta(), "nowhere")
CATALOGS = (
    Catalog("lake", "lake", "platform-team"),
    Catalog("marketing", "domain", "marketing-team"),
    Catalog("sales", "domain", "sales-team"),
)
MATERIAL = Material(people=PEOPLE, hashes={name: f"hash-{name}" for name in PEOPLE.accounts}, catalogs=CATALOGS)
TABLES = ("customers", "orders", "products", "customer_pii", "mart_sales__customer_lifetime_value", "leads")
ALL = set(TABLES)
MARTS = {"mart_sales__customer_lifetime_value"}


def _grants(material: Material = MATERIAL) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(MAKERS["api-people"](material))
    return found


def _reads(grant: dict[str, Any]) -> set[str]:
    """The tables that an API shows with such a grant (services/domain-api/api/access.py)."""

    def fits(key: str, table: str) -> bool:
        return bool(grant.get(key)) and re.fullmatch(grant[key], table) is not None

    return {table for table in TABLES if fits("read", table) and not fits("hidden", table)}


@pytest.mark.parametrize(
    ("who", "catalog", "reads", "adds"),
    [
        ("admin", "sales", ALL, True),
        ("alex", "sales", ALL, False),
        ("sarah", "marketing", ALL, False),
        ("mike", "sales", ALL, False),
        ("emma", "sales", MARTS, False),
        ("sales", "sales", ALL, True),
        ("sales", "marketing", ALL, False),
        ("marketing", "marketing", ALL, True),
        ("marketing", "sales", ALL, False),
        ("emea_user", "sales", {"customers", "orders", "products", "leads"}, False),
        ("sales-app", "sales", ALL, True),
        ("sales-app", "marketing", set(), False),
        ("marketing-app", "sales", set(), False),
        ("marketing-app", "marketing", ALL, True),
        ("healthcheck", "sales", set(), False),
        ("dbt", "sales", ALL - {"customer_pii"}, True),
    ],
)
def test_each_account_reads_over_http_what_it_reads_in_sql(who: str, catalog: str, reads: set[str], adds: bool) -> None:
    grant = _grants()[who]["domains"][catalog]
    assert (_reads(grant), grant["adds"]) == (reads, adds)


def test_everybody_is_there_with_a_key_and_nobody_with_a_catalog_that_is_no_domain() -> None:
    found = _grants()
    assert {name: said["key"] for name, said in found.items()} == {name: f"hash-{name}" for name in PEOPLE.accounts}
    assert {tuple(said["domains"]) for said in found.values()} == {("marketing", "sales")}


def test_some_rows_are_for_who_is_in_a_region_and_no_mask_falls_but_for_who_administers() -> None:
    found = _grants()
    assert {n for n, said in found.items() if said["domains"]["sales"].get("some")} == {"emea_user"}
    assert found["emea_user"]["domains"]["sales"]["some"] == "customers|orders"
    assert {n for n, said in found.items() if said["domains"]["sales"].get("unmasked")} == {"admin"}


def test_in_mode_academic_people_may_do_everything_and_programs_what_they_could() -> None:
    found = _grants(dataclasses.replace(MATERIAL, mode=ACADEMIC))
    for person in PEOPLE.people:
        assert found[person.name]["domains"]["sales"] == {"read": ".*", "adds": True, "unmasked": True}
    assert found["marketing-app"]["domains"] == _grants()["marketing-app"]["domains"]
