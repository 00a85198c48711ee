"""What a run of dbt did, read from its artifacts."""

from __future__ import annotations

from typing import Any

from datameesh_cli.core.dbt_results import Counts, latest, node_results, summary_from

MODEL = "model.datameesh.mart_customer_journey"
NOT_NULL = "test.datameesh.not_null_mart_customer_journey_email.1234abcd"
UNIT = "unit_test.datameesh.mart_sales__customer_lifetime_value.customer_segment_thresholds"

MANIFEST: dict[str, Any] = {
    "nodes": {
        MODEL: {
            "name": "mart_customer_journey",
            "original_file_path": "models/marts/cross_domain/mart_customer_journey.sql",
        },
        NOT_NULL: {
            "name": "not_null_mart_customer_journey_email",
            "original_file_path": "models/marts/cross_domain/_customer_journey_tests.yml",
        },
    },
    "unit_tests": {UNIT: {"name": "customer_segment_thresholds", "original_file_path": "models/marts/sales/clv.yml"}},
}


def _result(unique_id: str, status: str, **more: Any) -> dict[str, Any]:
    return {
        "unique_id": unique_id,
        "status": status,
        "execution_time": 1.234,
        "adapter_response": {},
        "message": None,
        **more,
    }


def _run(*results: dict[str, Any], which: str = "build", at: str = "2026-11-21T02:00:00Z") -> dict[str, Any]:
    return {
        "metadata": {"dbt_version": "1.11.16", "generated_at": at},
        "args": {"which": which},
        "elapsed_time": 4.5,
        "results": list(results),
    }


def test_models_and_tests_are_counted_apart() -> None:
    run = _run(
        _result(MODEL, "success", adapter_response={"rows_affected": 15}),
        _result(NOT_NULL, "pass", failures=0),
        _result(UNIT, "pass"),
    )
    summary = summary_from(run, MANIFEST)
    assert summary.models == Counts(passed=1)
    assert summary.tests == Counts(passed=2)
    assert (summary.command, summary.version, summary.seconds) == ("build", "1.11.16", 4.5)
    assert [node.rows for node in summary.slowest] == [15]
    assert summary.failures == ()


def test_a_failing_test_names_its_file_and_the_rows_that_failed() -> None:
    failed = _result(NOT_NULL, "fail", failures=3, message="Got 3 results,\n  configured to fail if != 0")
    run = _run(failed, _result(MODEL, "skipped"))
    summary = summary_from(run, MANIFEST)
    (failure,) = summary.failures
    assert failure.file == "dbt/models/marts/cross_domain/_customer_journey_tests.yml"
    assert (failure.outcome, failure.rows) == ("error", 3)
    assert failure.message == "Got 3 results, configured to fail if != 0"
    assert summary.skipped == ("mart_customer_journey",)


def test_a_refusal_of_trino_is_told_without_its_wrapping() -> None:
    message = (
        "Database Error in model stg_sales__orders (models/staging/sales/stg_sales__orders.sql)\n"
        "  TrinoUserError(type=USER_ERROR, name=SYNTAX_ERROR, message=\"line 12:22: mismatched input 'as'\", "
        "query_id=20261121_032111_01774_66psr)\n"
        "  compiled code at /state/target/run/datameesh/models/staging/sales/stg_sales__orders.sql"
    )
    (node,) = node_results(_run(_result(MODEL, "error", message=message)), MANIFEST)
    assert node.message == "line 12:22: mismatched input 'as' (SYNTAX_ERROR)"


def test_an_outcome_that_dbt_invents_later_is_a_failure_and_not_a_pass() -> None:
    (node,) = node_results(_run(_result(MODEL, "exploded")), MANIFEST)
    assert node.outcome == "error"


def test_an_exposure_is_not_counted_as_a_model_that_was_built() -> None:
    run = _run(_result(MODEL, "success"), _result("exposure.datameesh.marketing_roi", "no-op"))
    assert summary_from(run, MANIFEST).models == Counts(passed=1)
    assert list(latest({}, run, MANIFEST)) == [MODEL]


def test_a_node_that_the_manifest_does_not_know_keeps_the_name_in_its_id() -> None:
    (node,) = node_results(_run(_result("model.datameesh.gone", "success")), {})
    assert (node.name, node.file) == ("gone", "")


def test_a_later_run_of_one_model_keeps_what_is_known_of_the_tests() -> None:
    first = latest({}, _run(_result(MODEL, "success"), _result(NOT_NULL, "pass")), MANIFEST)
    second = latest(
        first, _run(_result(NOT_NULL, "fail", failures=1), which="test", at="2026-11-22T02:00:00Z"), MANIFEST
    )
    assert second[MODEL]["outcome"] == "pass"
    assert (second[NOT_NULL]["outcome"], second[NOT_NULL]["at"]) == ("error", "2026-11-22T02:00:00Z")


def test_compiling_says_nothing_about_the_data() -> None:
    before = latest({}, _run(_result(NOT_NULL, "fail")), MANIFEST)
    assert latest(before, _run(_result(NOT_NULL, "success"), which="generate"), MANIFEST) == before


def test_a_test_that_was_deleted_is_forgotten() -> None:
    before = latest({}, _run(_result(NOT_NULL, "fail")), MANIFEST)
    assert latest(before, _run(), {"nodes": {}}) == {}
