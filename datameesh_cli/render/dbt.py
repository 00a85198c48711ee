"""What dbt did, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datameesh_cli.core.dbt_project import ModelCoverage
from datameesh_cli.core.dbt_results import Counts, Summary
from datameesh_cli.render.output import print_line, print_table
from datameesh_cli.usecases.run_dbt import Diagnosis


def print_summary(summary: Summary) -> None:
    """Given a run's summary, print the counts, what failed and where, and what took longest."""
    print_line()
    if summary.failures:
        rows = [(n.outcome, n.kind, n.name, n.file, n.message) for n in summary.failures]
        print_table(["outcome", "kind", "name", "file", "message"], rows)
    if summary.skipped:
        print_line(f"skipped because of a failure before them: {', '.join(summary.skipped)}")
    if summary.models.total:
        print_line(f"models  {_counts(summary.models)}")
    if summary.tests.total:
        print_line(f"tests   {_counts(summary.tests)}")
    if not summary.models.total + summary.tests.total:
        print_line("nothing was selected")
        return
    slowest = ", ".join(f"{n.name} {n.seconds:.2f} s" for n in summary.slowest)
    print_line(f"dbt {summary.command} took {summary.seconds:.1f} s" + (f"; longest: {slowest}" if slowest else ""))


def print_outcomes(outcomes: Sequence[Mapping[str, Any]]) -> None:
    """Given the newest outcome of each model and test, print them, failed ones first."""
    rows = [
        (o["outcome"], o["kind"], o["name"], o["rows"], f"{o['seconds']:.2f}", o["at"], o["message"]) for o in outcomes
    ]
    print_table(["last", "kind", "name", "rows", "seconds", "at", "message"], rows, right=["rows", "seconds"])


def print_coverage(coverage: ModelCoverage) -> None:
    """Given the documentation's coverage, print both shares and what is missing."""
    print_line(f"models   {coverage.models_described} of {coverage.models} described ({coverage.model_share:.0f} %)")
    print_line(f"columns  {coverage.columns_described} of {coverage.columns} described ({coverage.column_share:.0f} %)")
    for name in coverage.missing:
        print_line(f"  no description: {name}")


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """Given a diagnosis, print each problem as file:line, or what the project holds."""
    for problem in diagnosis.problems:
        where = f"{problem.file}:{problem.line}" if problem.line else problem.file or "dbt"
        print_line(f"{where}: {problem.message}")
    if not diagnosis.problems:
        print_line(f"the project is well: {diagnosis.found}")


def _counts(counts: Counts) -> str:
    return f"PASS={counts.passed} WARN={counts.warned} ERROR={counts.failed} SKIP={counts.skipped} TOTAL={counts.total}"
