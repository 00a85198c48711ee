"""What dbt promises: the project's shape, builds that grow and repeat, bad data that stops, marts that are never half there."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters.repository import Repository
from datameesh_cli.usecases.run_dbt import diagnose_project
from tests.integration.stack import ROOT, Stack, docker

JOURNEY = "model.datameesh.mart_customer_journey"
SEED_MODELS = {
    *("stg_sales__customers", "stg_sales__orders", "stg_marketing__leads", "stg_marketing__campaigns"),
    *(
        "mart_sales__customer_lifetime_value",
        "mart_customer_journey",
        "mart_lead_to_customer_journey",
        "mart_customer_360",
    ),
}
SOURCES = [
    f"source.datameesh.{name}" for name in ("marketing.campaigns", "marketing.leads", "sales.customers", "sales.orders")
]


@pytest.fixture
def small(stack: Stack) -> Stack:
    """The shared stack with set `small`."""
    stack.dm("seed", "--set", "small")
    return stack


_BUILT: set[str] = set()
"""The loads of which this run has built the marts. Each test leaves them as it found them."""


@pytest.fixture
def marts(small: Stack) -> Stack:
    """The shared stack with set `small` and the whole project built from it."""
    load = _psql(small, "sales_db", "SELECT max(loaded_at) FROM datameesh.loaded_set")
    if load not in _BUILT:
        small.json("dbt", "build")
        _BUILT.add(load)
    return small


def _artifact(stack: Stack, name: str) -> Any:
    return json.loads((stack.adapters.state.folder / "dbt" / "target" / name).read_text())


def _sql(stack: Stack, statement: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(stack.dm("sql", statement, "--output", "csv").stdout)))[1:]


def _psql(stack: Stack, database: str, statement: str) -> str:
    container = f"{stack.project}-{database.replace('_', '-')}-1"
    return docker("exec", container, "psql", "-qAt", "-d", database, "-c", statement).strip()


def _last_line(stack: Stack, *args: str, code: int = 0) -> str:
    lines = stack.dm("dbt", *args, code=code).stdout.splitlines()
    return next(line for line in reversed(lines) if "Done." in line)


@pytest.mark.row("S-DBT-04", "S-DBT-33", "S-DBT-44")
def test_models_lie_where_the_documents_put_them(marts: Stack) -> None:
    models = {
        n["name"]: n for n in _artifact(marts, "manifest.json")["nodes"].values() if n["resource_type"] == "model"
    }
    folders = {str(Path(m["original_file_path"]).parent) for m in models.values()}
    assert folders >= {
        *("models/staging/sales", "models/staging/marketing"),
        *("models/marts/sales", "models/marts/marketing", "models/marts/cross_domain"),
    }
    for name in SEED_MODELS:
        view = name.startswith("stg_") or name == "mart_customer_360"
        assert models[name]["config"]["materialized"] == ("view" if view else "table"), name
    three_sixty = models["mart_customer_360"]
    assert three_sixty["original_file_path"] == "models/marts/sales/mart_customer_360.sql"
    assert "cross_domain" in three_sixty["tags"]
    types = {
        (schema, name): kind
        for schema, name, kind in _sql(
            marts,
            "SELECT table_schema, table_name, table_type FROM lake.information_schema.tables"
            " WHERE table_schema IN ('staging', 'marts')",
        )
    }
    for name in SEED_MODELS:
        schema = "staging" if name.startswith("stg_") else "marts"
        expected = "VIEW" if models[name]["config"]["materialized"] == "view" else "BASE TABLE"
        assert types[schema, name] == expected, name


@pytest.mark.row("S-DBT-42", "S-DBT-53", "S-DBT-73", "S-DBT-41", "S-DBT-50", "S-DBT-51")
def test_the_manifest_tells_lineage_tests_and_consumers(marts: Stack) -> None:
    manifest = _artifact(marts, "manifest.json")
    parents = manifest["parent_map"][JOURNEY]
    assert set(SOURCES) <= set(parents)
    assert {"model.datameesh.stg_sales__customers", "model.datameesh.stg_marketing__leads"} <= set(parents)

    journey = manifest["nodes"][JOURNEY]
    assert journey["patch_path"].endswith("models/marts/cross_domain/_customer_journey_tests.yml")
    assert "revenue attribution" in journey["description"]
    described = [
        c for c in ("email", "lead_source", "days_to_convert", "total_revenue") if journey["columns"][c]["description"]
    ]
    assert len(described) == 4

    for exposure in ("marketing_roi", "finance_forecast"):
        consumer = manifest["exposures"][f"exposure.datameesh.{exposure}"]
        assert "model.datameesh.mart_sales__customer_lifetime_value" in consumer["depends_on"]["nodes"]

    tests = [n for n in manifest["nodes"].values() if n["resource_type"] == "test"]
    assert {"not_null", "unique", "relationships"} <= {
        t["test_metadata"]["name"] for t in tests if "test_metadata" in t
    }
    of_the_four = (
        "stg_sales__customers",
        "stg_sales__orders",
        "stg_marketing__leads",
        "mart_sales__customer_lifetime_value",
    )
    seeded = [t for t in tests if "seed" in t["tags"] and str(t["attached_node"]).rpartition(".")[2] in of_the_four]
    assert len(seeded) == 8


@pytest.mark.row("S-DBT-07", "S-DBT-39")
def test_staging_is_finished_before_any_mart_starts_and_in_time(small: Stack) -> None:
    small.json("dbt", "run", "--select", "tag:seed")
    manifest = _artifact(small, "manifest.json")
    spans: dict[str, tuple[str, str]] = {}
    seconds: dict[str, float] = {}
    for result in _artifact(small, "run_results.json")["results"]:
        timing = {t["name"]: t for t in result["timing"]}
        spans[result["unique_id"]] = (timing["compile"]["started_at"], timing["execute"]["completed_at"])
        seconds[result["unique_id"]] = result["execution_time"]
    for mart in spans:
        for parent in manifest["parent_map"][mart]:
            if parent in spans:
                assert spans[parent][1] <= spans[mart][0], f"{mart} started before {parent} was done"
    assert seconds["model.datameesh.stg_sales__customers"] < 2.5
    assert seconds[JOURNEY] < 12


@pytest.mark.row("S-DBT-05", "S-DBT-17", "S-DBT-37", "S-DBT-52")
def test_eight_models_and_twelve_tests_are_built_one_at_a_time(small: Stack) -> None:
    run = small.dm("dbt", "run", "--select", "tag:seed").stdout
    assert "Running with dbt=1.11.16" in run
    assert "Concurrency: 1 threads" in run
    assert "Done. PASS=8 WARN=0 ERROR=0 SKIP=0" in run
    assert "Done. PASS=12 WARN=0 ERROR=0 SKIP=0" in _last_line(small, "test", "--select", "tag:seed")


@pytest.mark.row("S-DBT-26", "S-DBT-27", "S-DBT-56", "S-DBT-59", "S-DBT-61")
def test_the_other_tests_pass_and_the_sources_are_fresh(marts: Stack) -> None:
    done = marts.dm("dbt", "test", "--select", "tag:extended").stdout
    for name in (
        "mart_sales__customer_lifetime_value::customer_segment_thresholds",
        "mart_sales__customer_lifetime_value::customer_status_thresholds",
        "stg_sales__customers::what_people_typed_is_tidied",
        "not_null_mart_customer_journey_lead_source",
        "not_null_mart_customer_journey_total_revenue",
        "assert_journey_has_every_lead_once",
        "assert_lifetime_value_equals_orders",
    ):
        assert f"PASS {name} " in done, name
    fresh = marts.dm("dbt", "source", "freshness").stdout
    assert "PASS freshness of sales.orders" in fresh
    assert "PASS freshness of marketing.leads" in fresh


@pytest.mark.row("S-DBT-21")
def test_staged_customers_are_normalised_and_the_window_of_a_year_leaves_older_ones_out(small: Stack) -> None:
    small.dm("dbt", "run", "--select", "stg_sales__customers")
    tidy = "email = lower(trim(email)) AND country = upper(trim(country))"
    assert _sql(small, f"SELECT count(*), count_if({tidy}) FROM lake.staging.stg_sales__customers") == [["15", "15"]]
    typed = "SELECT '<' || email || '>', country FROM sales.public.customers WHERE email <> lower(trim(email))"
    assert _sql(small, typed) == [["< Olivia.Walker@Example.com >", "Australia"]]
    staged = "SELECT '<' || email || '>', country FROM lake.staging.stg_sales__customers WHERE customer_id = 15"
    assert _sql(small, staged) == [["<olivia.walker@example.com>", "AUSTRALIA"]]
    show = ["dbt", "show", "--select", "stg_sales__customers", "--output", "json", "--limit", "100"]
    assert small.dm(*show).stdout.count("@example.com") == 15
    assert small.dm(*show, "--vars", "customer_window_years: 1").stdout.count("@example.com") == 0
    from_day = "{customer_window_years: 1, as_of_date: 2025-02-01}"
    some = small.dm(*show, "--vars", from_day).stdout.count("@example.com")
    assert 0 < some < 15


@pytest.mark.row("S-DBT-06", "S-DBT-36", "S-DBT-41")
def test_selection_finds_what_the_documents_count(stack: Stack) -> None:
    def names(*args: str) -> list[str]:
        lines = stack.dm("dbt", "ls", "--quiet", *args).stdout.split()
        return [line.rpartition(".")[2] for line in lines]

    assert set(names("--select", "tag:seed", "--resource-type", "model")) == SEED_MODELS
    assert {"customers", "orders", "leads", "campaigns"} <= set(names("--resource-type", "source"))
    assert "mart_sales__customer_lifetime_value" in names("--select", "+exposure:*", "--resource-type", "model")


@pytest.mark.row("S-DBT-11", "S-DBT-60", "S-DBT-02")
def test_the_commands_of_the_documents_do_what_they_print(marts: Stack) -> None:
    run = marts.dm("dbt", "run", "--models", "mart_*").stdout
    on_disk = {p.stem for p in (ROOT / "dbt" / "models" / "marts").rglob("mart_*.sql")}
    assert {name for name in on_disk if f"marts.{name} " in run} == on_disk
    assert "1 of 1 OK" in marts.dm("dbt", "run", "--models", "mart_customer_journey").stdout
    assert "PASS=4 WARN=0 ERROR=0 SKIP=0" in _last_line(marts, "test", "--select", "mart_customer_journey,tag:seed")
    assert _last_line(marts, "test", "--models", "mart_customer_journey").endswith("TOTAL=6")
    marts.dm("dbt", "parse", "--profiles-dir", ".")
    marts.dm("dbt", "parse", "--profiles-dir", "/dbt")


@pytest.mark.row("S-DBT-09", "S-DBT-10")
def test_the_incremental_mart_takes_only_what_is_new_and_rebuilds_to_the_same(marts: Stack) -> None:
    digest = "to_hex(checksum(row(order_id, customer_id, order_date, total_amount)))"
    checksum = f"SELECT {digest}, count(*) FROM lake.marts.mart_sales__orders"

    def added(*args: str) -> int:
        (node,) = marts.json("dbt", "run", "--select", "mart_sales__orders", *args)["slowest"]
        assert isinstance(node["rows"], int)
        return node["rows"]

    assert added() == 0
    try:
        _psql(
            marts,
            "sales_db",
            "INSERT INTO orders (order_id, customer_id, order_date, total_amount, product_id, quantity, status, region)"
            " SELECT 9000 + n, 1, '2024-10-01', n, 1, 1, 'PENDING', 'EMEA' FROM generate_series(1, 3) n",
        )
        assert added() == 3
        grown = _sql(marts, checksum)
        assert added("--full-refresh") == 23
        assert _sql(marts, checksum) == grown
    finally:
        _psql(marts, "sales_db", "DELETE FROM orders WHERE order_id > 9000")
        marts.dm("dbt", "run", "--full-refresh", "--select", "mart_sales__orders")


@pytest.mark.row("S-DBT-15", "S-DBT-34")
def test_compiled_sql_is_kept_and_names_both_domains(marts: Stack) -> None:
    marts.dm("dbt", "compile")
    folder = marts.adapters.state.folder / "dbt" / "target" / "compiled"
    (file,) = folder.rglob("mart_customer_journey.sql")
    text = file.read_text()
    assert "{{" not in text
    assert "{%" not in text
    assert '"marketing"."public"."leads"' in text
    assert '"sales"."public"."customers"' in text
    assert _psql(marts, "sales_db", "SELECT count(*) FROM public.mart_customer_journey") == "15"


@contextmanager
def _radio(stack: Stack) -> Iterator[None]:
    """A lead from a source that nobody allows, which the domain's own rule must let through for it."""
    rule = _psql(
        stack, "marketing_db", "SELECT conname FROM pg_constraint WHERE conrelid = 'leads'::regclass AND contype = 'c'"
    )
    definition = _psql(
        stack, "marketing_db", f"SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = '{rule}'"
    )
    _psql(
        stack,
        "marketing_db",
        f"ALTER TABLE leads DROP CONSTRAINT {rule};"
        " INSERT INTO leads (lead_id, email, source, campaign_id) VALUES (9999, 'radio@example.com', 'Radio', 1)",
    )
    try:
        yield
    finally:
        _psql(
            stack,
            "marketing_db",
            f"DELETE FROM leads WHERE lead_id = 9999; ALTER TABLE leads ADD CONSTRAINT {rule} {definition}",
        )


@pytest.mark.row("S-DBT-57", "S-DBT-62")
def test_a_bad_lead_fails_its_test_and_keeps_the_mart_from_being_built(marts: Stack) -> None:
    name = "accepted_values_mart_customer_journey_lead_source"

    def outcome() -> str:
        return next(str(o["outcome"]) for o in marts.json("dbt", "results") if o["name"] == name)

    assert outcome() == "pass"
    with _radio(marts):
        marts.dm("dbt", "run", "--select", "mart_customer_journey")
        failed = marts.dm("dbt", "test", "--select", name, code=4)
        assert "Got 1 result" in failed.stderr
        assert outcome() == "error"
        built = marts.dm("dbt", "build", "--select", "stg_marketing__leads+", "--output", "json", code=4)
        summary = json.loads(built.stdout)
        assert [f["name"] for f in summary["failures"]] == ["accepted_values_stg_marketing__leads_lead_source"]
        assert "mart_customer_journey" in summary["skipped"]
    marts.dm("dbt", "build", "--select", "stg_marketing__leads+")
    assert outcome() == "pass"


def test_a_swap_that_cannot_have_its_lock_leaves_the_old_table(marts: Stack) -> None:
    reader = subprocess.Popen(
        ["docker", "exec", f"{marts.project}-sales-db-1", "psql", "-qAt", "-d", "sales_db", "-c",
         "BEGIN", "-c", "SELECT count(*) FROM mart_customer_journey", "-c", "SELECT pg_sleep(40)", "-c", "COMMIT"],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        time.sleep(1)
        refused = marts.dm("dbt", "run", "--select", "mart_customer_journey", code=4)
        assert "lock timeout" in refused.stderr
        assert _psql(marts, "sales_db", "SELECT count(*) FROM mart_customer_journey") == "15"
    finally:
        reader.kill()
        _psql(
            marts,
            "sales_db",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(40)%' AND pid <> pg_backend_pid()",
        )
    marts.dm("dbt", "run", "--select", "mart_customer_journey")
    assert _psql(marts, "sales_db", "SELECT count(*) FROM pg_class WHERE relname LIKE 'mart%new'") == "0"


@pytest.mark.row("S-DBT-70", "S-DBT-74", "S-DBT-75", "S-DBT-77")
def test_the_documentation_is_generated_and_complete(marts: Stack) -> None:
    marts.dm("dbt", "docs", "generate")
    target = marts.adapters.state.folder / "dbt" / "target"
    assert all((target / name).is_file() for name in ("index.html", "manifest.json", "catalog.json"))

    manifest, catalog = _artifact(marts, "manifest.json"), _artifact(marts, "catalog.json")
    assert sum(child.startswith("test.") for child in manifest["child_map"][JOURNEY]) == 6
    columns = catalog["nodes"][JOURNEY]["columns"]
    assert len(columns) == 12
    families = {
        "email": "varchar",
        "lead_source": "varchar",
        "campaign_name": "varchar",
        "days_to_convert": "integer",
        "total_revenue": "decimal",
    }
    for name, family in families.items():
        assert columns[name]["type"].startswith(family), name
        assert manifest["nodes"][JOURNEY]["columns"][name]["description"], name

    coverage = marts.json("dbt", "docs-coverage")
    assert coverage["models_described"] == coverage["models"] >= 8
    assert coverage["columns_described"] >= 0.9 * coverage["columns"]


@pytest.mark.row("S-DBT-79")
def test_a_wrong_source_is_reported_with_file_and_line(stack: Stack, tmp_path: Path) -> None:
    for part in ("dbt", "services", "profiles", "compose"):
        shutil.copytree(ROOT / part, tmp_path / part)
    model = tmp_path / "dbt" / "models" / "staging" / "sales" / "stg_sales__orders.sql"
    model.write_text(model.read_text().replace("'orders'", "'ordres'"))
    adapters = dataclasses.replace(stack.adapters, repository=Repository(tmp_path))
    (problem,) = diagnose_project(adapters).problems
    line = next(n for n, text in enumerate(model.read_text().splitlines(), 1) if "ordres" in text)
    assert (problem.file, problem.line) == ("dbt/models/staging/sales/stg_sales__orders.sql", line)


@pytest.mark.row("S-DBT-45")
def test_the_project_reads_without_a_warning(stack: Stack) -> None:
    assert stack.json("dbt", "doctor")["problems"] == []


@pytest.mark.row("S-DBT-35")
def test_staging_can_be_real_views_of_the_sales_database(small: Stack) -> None:
    small.dm("dbt", "run", "--target", "pg", "--select", "staging.sales")
    assert "stg_sales__customers" in _psql(small, "sales_db", "\\dv staging.*")
    assert _psql(small, "sales_db", "SELECT count(*) FROM staging.stg_sales__customers") == "15"


@pytest.mark.row("S-DBT-08")
def test_the_marts_can_be_built_in_the_analytics_database_too(marts: Stack) -> None:
    assert _psql(marts, "sales_db", "SELECT count(*) FROM public.mart_customer_journey") == "15"
    summary = marts.json("dbt", "run", "--target", "analytics")
    assert (summary["failures"], summary["skipped"]) == ([], [])
    assert _sql(marts, "SELECT count(*) FROM sales_analytics.marts.mart_customer_journey") == [["15"]]
    assert _sql(marts, "SELECT count(*) FROM sales_analytics.staging.stg_sales__customers") == [["15"]]


def test_wrong_arguments_end_in_2(stack: Stack) -> None:
    assert "No such option" in stack.dm("dbt", "run", "--nope", code=2).stderr
    assert "No such command" in stack.dm("dbt", "frob", code=2).stderr
    assert "does not match" in stack.dm("dbt", "build", "--select", "nosuch", code=2).stderr


def test_every_run_is_written_down_and_leaves_no_container(small: Stack) -> None:
    log = small.adapters.state.folder / "dbt" / "logs" / "dbt.log"
    small.dm("dbt", "run", "--select", "stg_sales__orders")
    before = log.stat().st_size
    small.dm("dbt", "run", "--select", "stg_sales__orders")
    assert log.stat().st_size > before
    left = docker(
        "ps",
        "-aq",
        "--filter",
        f"label=com.docker.compose.project={small.project}",
        "--filter",
        "label=com.docker.compose.oneoff=True",
    )
    assert left == ""
    assert not list((small.adapters.state.folder / "dbt").glob("project-*"))


def test_another_data_set_replaces_what_the_incremental_mart_holds(marts: Stack) -> None:
    marts.dm("seed", "--set", "journey")
    marts.dm("dbt", "run", "--select", "mart_sales__orders")
    counted = "SELECT (SELECT count(*) FROM sales.public.orders) - (SELECT count(*) FROM lake.marts.mart_sales__orders)"
    assert _sql(marts, counted) == [["0"]]
