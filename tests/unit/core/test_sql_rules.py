"""The rules of the query engine: who gets what, written by hand in tables and asked of the rules as the engine asks them.

`_first` is what its documentation says of every section: the rules are read from the top, the first that fits decides.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml

from datameesh_cli.core.identity.material import Catalog, Material
from datameesh_cli.core.identity.people import ACADEMIC, Delta, People, PersonEntry, file_from, people_of
from datameesh_cli.core.identity.sql_rules import sql_rules
from tests.contract.repo import ROOT

SAID = file_from(yaml.safe_load((ROOT / "identity" / "people.yaml").read_text()), "identity/people.yaml")
CATALOGS = (
    Catalog("hive", "lake", "platform-team"),
    Catalog("lake", "lake", "platform-team"),
    Catalog("marketing", "domain", "marketing-team"),
    Catalog("sales", "domain", "sales-team"),
    Catalog("sales_analytics", "domain", "sales-team"),
    Catalog("support", "domain", "support-team"),  # tests/third_domain: no word of it in the file of people
)
FIELDS = ("user", "catalog", "schema", "table", "function", "procedure", "property", "original_user", "new_user")
Rules = dict[str, list[dict[str, Any]]]


def _people(delta: Delta | None = None) -> People:
    return people_of(SAID, delta or Delta(), ".dm/x/people.yaml")


def _rules(people: People | None = None, **changed: Any) -> Rules:
    found: Rules = json.loads(sql_rules(replace(Material(people or _people(), catalogs=CATALOGS), **changed)))
    return found


RULES = _rules()
ACADEMIC_RULES = _rules(mode=ACADEMIC)


def _first(rules: Rules, section: str, **asked: str) -> dict[str, Any]:
    """The first rule of a section that fits what is asked; a rule without a field fits anything there."""
    for rule in rules[section]:
        if all(re.fullmatch(rule.get(field, ".*"), asked[field]) for field in FIELDS if field in asked):
            return rule
    raise AssertionError(f"no rule of {section} fits: the last one denies")


def _table(rules: Rules, user: str, name: str) -> str:
    """What somebody may do with a table, in the letters of the tables below."""
    catalog, schema, table = name.split(".")
    allow = _first(rules, "catalogs", user=user, catalog=catalog)["allow"]
    rule = _first(rules, "tables", user=user, catalog=catalog, schema=schema, table=table)
    may = (
        set(rule["privileges"])
        if allow == "all"
        else set(rule["privileges"]) & ({"SELECT"} if allow != "none" else set())
    )
    letters = {"SELECT": "r", "INSERT": "i", "UPDATE": "u", "DELETE": "d", "OWNERSHIP": "o", "GRANT_SELECT": "g"}
    shown = "".join(letter for name, letter in letters.items() if name in may)
    return (shown + ("M" if may and "columns" in rule else "") + ("F" if may and "filter" in rule else "")) or "-"


OBJECTS = (
    *(
        "sales.public.orders",
        "sales.public.customer_pii",
        "sales.public.mart_customer_360",
        "sales.security.user_regions",
    ),
    *("sales_analytics.marts.mart_sales__orders", "marketing.public.leads", "support.public.tickets"),
    *(
        "lake.marts.mart_customer_journey",
        "lake.scratch.mine",
        "hive.raw.orders",
        "hive.raw.customer_pii",
        "tpch.tiny.nation",
        "lake.curated.customer_360",
    ),
)
# r SELECT, i INSERT, u UPDATE, d DELETE, o ownership, g may hand SELECT on; M masked, F filtered; - nothing, not even its columns.
GOVERNED_TABLE = """
             orders  pii      served   regions  analytics leads    tickets  journey  mine     raw      rawpii   unknown  curated
admin        riudog  riudog   riudog   riudog   riudog    riudog   riudog   riudog   riudog   riudog   riudog   riudog   riudog
mike         r       rM       r        r        r         r        r        riudog   riudog   riudog   riM      -        riudog
alex         r       rM       r        r        r         r        r        riudo    riudo    riudo    riM      -        riudo
sarah        r       rM       r        r        r         r        r        r        r        r        rM       -        r
emma         -       -        r        -        r         -        -        r        -        -        -        -        r
fiona        -       -        r        -        r         -        -        r        -        -        -        -        r
sales        riudog  riM      riudog   riudog   riudog    r        r        r        r        r        rM       -        r
sales_team   riudog  riM      riudog   riudog   riudog    r        r        r        r        r        rM       -        r
marketing    r       rM       r        r        r         riudog   r        r        r        r        rM       -        r
marketing_team r     rM       r        r        r         riudog   r        r        r        r        rM       -        r
emea_user    rMF     -        -        r        -         r        r        -        -        -        -        -        -
regions_only -       -        -        -        -         -        -        -        -        -        -        -        -
sales_emea   rMF     -        -        riudog   -         r        r        -        -        -        -        -        -
emma_emea    -       -        -        -        -         -        -        -        -        -        -        -        -
dbt          riudog  -        riudog   riudog   riudog    riudog   riudog   riudog   riudog   riudog   -        -        riudog
healthcheck  -       -        -        -        -         -        -        -        -        -        -        -        -
nobody       -       -        -        -        -         -        -        -        -        -        -        -        -
"""
_ROWS = [line.split() for line in GOVERNED_TABLE.strip().splitlines()[1:]]
MORE = Delta(
    added={
        "fiona": PersonEntry("Fiona", "fiona@x.example", ("finance",)),
        "regions_only": PersonEntry("R", "r@x.example", ("regions",), ("APAC",)),
        "sales_emea": PersonEntry("S", "s@x.example", ("sales-team", "regions"), ("EMEA",)),
        "emma_emea": PersonEntry("E", "e@x.example", ("executive", "regions"), ("EMEA",)),
    }
)
WITH_MORE = _rules(_people(MORE))


@pytest.mark.parametrize(
    ("user", "name", "expected"),
    [(row[0], name, cell) for row in _ROWS for name, cell in zip(OBJECTS, row[1:], strict=True)],
)
def test_who_may_do_what_with_a_table(user: str, name: str, expected: str) -> None:
    assert _table(WITH_MORE, user, name) == expected


@pytest.mark.parametrize(
    ("user", "name"),
    [
        *(("alex", "sales.public.orders"), ("mike", "marketing.public.leads"), ("sarah", "lake.scratch.mine")),
        *(("sales", "marketing.public.leads"), ("marketing", "sales.public.orders"), ("emma", "lake.marts.mart_x")),
    ],
)
def test_who_reads_is_stopped_twice(user: str, name: str) -> None:
    """By the rule of the catalog and by that of the table: each of them would do alone."""
    catalog, schema, table = name.split(".")
    assert _first(RULES, "catalogs", user=user, catalog=catalog)["allow"] == "read-only"
    assert _first(RULES, "tables", user=user, catalog=catalog, schema=schema, table=table)["privileges"] == ["SELECT"]


@pytest.mark.parametrize("user", [p.name for p in _people().people])
@pytest.mark.parametrize("name", OBJECTS)
def test_in_mode_academic_every_person_may_do_everything(user: str, name: str) -> None:
    assert _table(ACADEMIC_RULES, user, name) == "riudog"


@pytest.mark.parametrize(
    ("user", "name", "expected"),
    [
        ("nobody", "sales.public.orders", "-"),
        ("healthcheck", "sales.public.orders", "-"),
        ("dbt", "sales.public.customer_pii", "-"),
        ("dbt", "lake.marts.mart_x", "riudog"),
    ],
)
def test_in_mode_academic_programs_and_strangers_have_no_more_than_before(user: str, name: str, expected: str) -> None:
    assert _table(ACADEMIC_RULES, user, name) == expected


def test_masks_are_those_of_the_document() -> None:
    rule = _first(RULES, "tables", user="alex", catalog="sales", schema="public", table="customer_pii")
    assert {c["name"]: c["mask"] for c in rule["columns"]} == {
        "email": "substr(email, 1, 2) || '***@' || split_part(email, '@', 2)",
        "ssn": "'***-**-' || substr(ssn, -4)",
        "phone": "'***-' || substr(phone, -4)",
    }


def test_the_filter_asks_for_the_regions_of_who_asks_and_may_read_them() -> None:
    rule = _first(RULES, "tables", user="emea_user", catalog="sales", schema="public", table="customers")
    assert rule["filter"] == (
        "region IN (SELECT region FROM sales.security.user_regions WHERE user_name = current_user)"
    )
    assert _table(RULES, rule["filter_environment"]["user"], "sales.security.user_regions").startswith("r")


def test_in_a_row_that_is_filtered_away_no_column_has_a_value() -> None:
    """A condition of the statement may be asked of it before the filter is."""
    rule = _first(RULES, "tables", user="emea_user", catalog="sales", schema="public", table="orders")
    masks = {column["name"]: column for column in rule["columns"]}
    assert masks["total_amount"]["mask"] == (
        "IF(region IN (SELECT region FROM sales.security.user_regions WHERE user_name = current_user), total_amount)"
    )
    assert masks["total_amount"]["mask_environment"] == {"user": "admin"}


@pytest.mark.parametrize("section", list(RULES))
def test_the_last_rule_of_every_section_denies_everybody(section: str) -> None:
    denies = ({"allow": "none"}, {"owner": False}, {"privileges": []}, {"allow": []}, {"allow": False})
    last = {k: v for k, v in RULES[section][-1].items() if v != ".*"}
    assert last in denies
    assert _first(RULES, section, user="nobody", original_user="nobody", new_user="admin") == RULES[section][-1]


def test_every_section_that_would_be_open_is_there() -> None:
    assert set(RULES) == {
        *("catalogs", "schemas", "tables", "functions", "procedures", "queries", "impersonation", "system_information"),
        *("system_session_properties", "catalog_session_properties", "authorization"),
    }


@pytest.mark.parametrize(
    ("user", "catalog", "expected"),
    [
        ("admin", "sales", True),
        *(
            (name, "sales", False)
            for name in ("dbt", "mike", "alex", "sarah", "emma", "sales", "marketing", "emea_user", "nobody")
        ),
    ],
)
def test_statements_are_handed_to_a_database_by_admin_alone(user: str, catalog: str, expected: bool) -> None:
    rule = _first(RULES, "procedures", user=user, catalog=catalog, schema="system", procedure="execute")
    assert ("EXECUTE" in rule["privileges"]) is expected


@pytest.mark.parametrize("user", ["mike", "alex", "sarah", "emma", "sales", "marketing", "emea_user", "dbt", "nobody"])
@pytest.mark.parametrize(
    ("section", "named"),
    [
        ("functions", {"catalog": "sales", "schema": "system", "function": "query"}),
        ("functions", {"catalog": "lake", "schema": "system", "function": "table_changes"}),
        ("procedures", {"catalog": "lake", "schema": "system", "procedure": "register_table"}),
        ("procedures", {"catalog": "system", "schema": "runtime", "procedure": "kill_query"}),
    ],
)
def test_ways_past_masks_and_filters_are_shut(user: str, section: str, named: dict[str, str]) -> None:
    assert _first(RULES, section, user=user, **named)["privileges"] == []
    assert "EXECUTE" in _first(RULES, section, user="admin", **named)["privileges"]


@pytest.mark.parametrize(
    ("user", "catalog", "expected"),
    [
        *(("alex", "lake", True), ("alex", "sales", False), ("mike", "hive", True), ("sarah", "lake", False)),
        *(("sales", "sales_analytics", True), ("sales", "marketing", False), ("marketing", "marketing", True)),
        *(("emma", "lake", False), ("emea_user", "sales", False), ("dbt", "lake", True), ("nobody", "lake", False)),
    ],
)
def test_who_makes_and_removes_schemas(user: str, catalog: str, expected: bool) -> None:
    assert _first(RULES, "schemas", user=user, catalog=catalog, schema="x")["owner"] is expected


@pytest.mark.parametrize(
    ("user", "as_whom", "governed", "academic"),
    [
        *(("admin", "alex", True, True), ("alex", "admin", False, True), ("alex", "sarah", False, True)),
        *(("dbt", "alex", False, False), ("admin", "dbt", False, False), ("healthcheck", "admin", False, False)),
        *(("nobody", "admin", False, False), ("admin", "nobody", False, False)),
    ],
)
def test_who_may_ask_as_another(user: str, as_whom: str, governed: bool, academic: bool) -> None:
    for rules, expected in ((RULES, governed), (ACADEMIC_RULES, academic)):
        assert _first(rules, "impersonation", original_user=user, new_user=as_whom)["allow"] is expected


@pytest.mark.parametrize(
    ("user", "statements", "information", "system"),
    [
        ("admin", ["execute", "kill", "view"], ["read", "write"], "all"),
        ("alex", ["execute"], [], "read-only"),
        ("dbt", ["execute"], [], "read-only"),
        ("healthcheck", ["execute"], [], "none"),
        ("nobody", [], [], "none"),
    ],
)
def test_statements_and_what_the_engine_tells_of_itself(
    user: str, statements: list[str], information: list[str], system: str
) -> None:
    assert _first(RULES, "queries", user=user)["allow"] == statements
    assert _first(RULES, "system_information", user=user)["allow"] == information
    assert _first(RULES, "catalogs", user=user, catalog="system")["allow"] == system


@pytest.mark.parametrize(
    ("user", "expected"), [("admin", True), ("alex", True), ("healthcheck", True), ("nobody", False)]
)
def test_properties_of_a_session(user: str, expected: bool) -> None:
    assert _first(RULES, "system_session_properties", user=user, property="query_max_run_time")["allow"] is expected


@pytest.mark.parametrize("user", ["emma", "healthcheck", "nobody"])
def test_a_property_of_a_catalog_shows_no_catalog_to_who_has_none(user: str) -> None:
    assert _first(RULES, "catalog_session_properties", user=user, catalog="marketing", property="x")["allow"] is False


def test_a_new_domain_belongs_to_its_team_as_soon_as_there_is_one() -> None:
    """A group of the team's name, with the role that owners have, and nothing else."""
    data = yaml.safe_load((ROOT / "identity" / "people.yaml").read_text())
    data["groups"]["support-team"] = {"about": "support", "role": "sales-team"}
    data["people"]["susan"] = {"name": "S", "email": "susan@x.example", "groups": ["support-team"]}
    rules = _rules(people_of(file_from(data, "x"), Delta(), "y"))
    assert _table(rules, "susan", "support.public.tickets") == "riudog"
    assert _table(rules, "susan", "sales.public.orders") == "r"
    assert _table(rules, "susan", "sales.public.customer_pii") == "rM"
    assert _table(rules, "sales", "support.public.tickets") == "r"


def test_a_name_is_a_name_and_no_pattern() -> None:
    delta = Delta(added={"a-_b": PersonEntry("A", "a@x.example", ("admin",))})
    rules = _rules(_people(delta))
    assert _table(rules, "a-_b", "sales.public.orders") == "riudog"
    assert _table(rules, "axxb", "sales.public.orders") == "-"
    assert _table(rules, "alexa", "sales.public.orders") == "-"
