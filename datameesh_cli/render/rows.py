"""`dm rows` as text."""

from __future__ import annotations

from collections.abc import Sequence

from datameesh_cli.core.rows import FAILED, NOT_RUN
from datameesh_cli.render.output import print_line, print_table
from datameesh_cli.usecases.count_rows import Coverage


def print_coverage(coverage: Coverage) -> None:
    """Given the coverage, print a line per group, what failed, what was not run, and the sum."""
    numbers = ["passed", "failed", "not run", "rows"]
    rows = [(g.group, g.title, g.passed or "", g.failed or "", g.not_run or "", g.total) for g in coverage.groups]
    print_table(["group", "about", *numbers], rows, right=numbers)
    for state in coverage.rows:
        for proof in state.proofs:
            if proof.outcome == FAILED:
                print_line(f"{state.id} failed: {proof.where}")
    waiting = [state.id for state in coverage.rows if state.outcome == NOT_RUN]
    if waiting:
        print_line(f"not run with what stands there now: {' '.join(waiting)}")
    print_line(f"{coverage.passed} passed of {coverage.covered} covered of {coverage.total} rows")


def print_missing(group: str, ids: Sequence[str]) -> None:
    """Given a group and the ids that nothing covers, print them, one a line."""
    for row in ids:
        print_line(row)
    if not ids:
        print_line(f"every row of group {group} is covered")
