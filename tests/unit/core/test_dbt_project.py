"""Documentation coverage, and where dbt's complaints point to. The complaints are what dbt 1.11.16 printed."""

from __future__ import annotations

from typing import Any

from datameesh_cli.core.dbt_project import Problem, complaint_in, coverage_from, problem_from

WRONG_SOURCE = [
    "02:48:53  Running with dbt=1.11.16",
    "02:48:54  Registered adapter: trino=1.11.0",
    "02:48:56  Encountered an error:",
    "Compilation Error",
    "  Model 'model.datameesh.stg_sales__orders' (models/staging/sales/stg_sales__orders.sql) depends on a source named "
    "'sales.ordres' which was not found",
]
MODEL_TEXT = "select\n    order_id\nfrom {{ source('sales', 'ordres') }}\n"


def _model(name: str, description: str, columns: dict[str, str]) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "name": name,
        "description": description,
        "columns": {column: {"description": text} for column, text in columns.items()},
    }


def test_a_wrong_source_is_found_at_the_line_that_names_it() -> None:
    complaint = complaint_in(WRONG_SOURCE)
    problem = problem_from(complaint, {"models/staging/sales/stg_sales__orders.sql": MODEL_TEXT})
    assert (problem.file, problem.line) == ("dbt/models/staging/sales/stg_sales__orders.sql", 3)
    assert "which was not found" in problem.message


def test_a_line_that_dbt_names_is_taken_as_it_is() -> None:
    complaint = "Compilation Error in model x (models/x.sql)\n  unexpected '}'\n    line 7\n      {{ ref('y') }"
    assert problem_from(complaint, {}) == Problem("dbt/models/x.sql", 7, " ".join(complaint.split()))


def test_a_broken_yaml_file_is_found_under_models() -> None:
    complaint = "Parsing Error\n  Error reading datameesh: staging/x.yml - Runtime Error\n    Syntax error near line 4"
    problem = problem_from(complaint, {})
    assert (problem.file, problem.line) == ("dbt/models/staging/x.yml", 4)


def test_a_clean_parse_has_no_complaint() -> None:
    assert (
        complaint_in(["02:48:53  Running with dbt=1.11.16", "02:48:56  Performance info: /state/target/perf_info.json"])
        == ""
    )


def test_a_complaint_without_a_file_is_still_told() -> None:
    assert problem_from("Runtime Error\n  Could not find profile", {}) == Problem(
        "", None, "Runtime Error Could not find profile"
    )


def test_a_column_that_only_the_database_knows_counts_as_missing() -> None:
    manifest = {"nodes": {"model.p.a": _model("a", "An a.", {"id": "Its number.", "name": ""})}}
    catalog = {"nodes": {"model.p.a": {"columns": {"id": {}, "name": {}, "extra": {}}}}}
    coverage = coverage_from(manifest, catalog)
    assert (coverage.columns, coverage.columns_described) == (3, 1)
    assert coverage.missing == ("a.extra", "a.name")
    assert coverage.model_share == 100.0


def test_a_model_without_description_is_named() -> None:
    coverage = coverage_from({"nodes": {"model.p.a": _model("a", "", {}), "test.p.t": {"resource_type": "test"}}}, {})
    assert (coverage.models, coverage.models_described, coverage.missing) == (1, 0, ("a",))
