"""`dm dev coverage` as text."""

from __future__ import annotations

from collections.abc import Sequence

from datameesh_cli.core.rows import FAILED, IN_HALF, NOT_RUN
from datameesh_cli.render.output import print_line, print_table
from datameesh_cli.usecases.count_rows import MatrixCoverage


def print_coverage(coverage: MatrixCoverage) -> None:
    """Given the coverage, print a line per group, what failed, what was not run, what was not shown on a cluster, and the sum."""
    numbers = ["passed", "failed", "not run", "in half", "rows"]
    rows = [
        (g.group, g.title, g.passed or "", g.failed or "", g.not_run or "", g.in_half or "", g.total)
        for g in coverage.groups
    ]
    print_table(["group", "about", *numbers], rows, right=numbers)
    for state in coverage.rows:
        for proof in state.proofs:
            if proof.outcome == FAILED:
                print_line(f"{proof.claim} failed: {proof.where}")
    waiting = [state for state in coverage.rows if state.outcome == NOT_RUN]
    not_run = [state.id for state in waiting if not state.waits_for_cluster]
    if not_run:
        print_line(f"not run with what stands there now: {' '.join(not_run)}")
    half = [f"{state.id} (no {'/'.join(state.missing)})" for state in coverage.rows if state.outcome == IN_HALF]
    if half:
        print_line(f"one half is shown, nothing asserts the other: {' '.join(half)}")
    unseen = {str(p.claim) for s in waiting for p in s.proofs if p.on_cluster and p.outcome == NOT_RUN}
    if unseen:
        print_line(
            f"the [K] half was not shown on a cluster (tests/cluster/cluster stage did not run): {' '.join(sorted(unseen))}"
        )
    print_line(f"{coverage.passed} passed of {coverage.covered} covered of {coverage.total} rows")


def print_missing(group: str, ids: Sequence[str]) -> None:
    """Given a group and the ids that nothing covers, print them, one a line."""
    for row in ids:
        print_line(row)
    if not ids:
        print_line(f"every row of group {group} is covered")
