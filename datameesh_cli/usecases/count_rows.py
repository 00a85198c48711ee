"""`dm rows`: which rows of the fact matrix the checks and tests cover, and how their last run went."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datameesh_cli.adapters import files
from datameesh_cli.adapters.outside import Outside
from datameesh_cli.core.rows import (
    NOT_RUN,
    GroupCount,
    Matrix,
    Proof,
    RowState,
    count_groups,
    in_group,
    marked_rows,
    matrix_from,
    refuse_unknown,
    row_states,
)
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.read_checks import read_checks
from datameesh_cli.usecases.verify_stack import VERDICTS, VERDICTS_K8S

PYTEST_RESULTS = "rows-pytest.json"
PYTEST_VERDICTS = "rows-verify.json"
"""The verdicts of `dm verify` on the stacks of the tests, which are gone when `dm rows` is asked."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """All groups with their counts, and every covered row with what asserts it."""

    groups: tuple[GroupCount, ...]
    rows: tuple[RowState, ...]
    passed: int
    covered: int
    total: int


def count_rows(outside: Outside) -> Coverage:
    """Return how much of the matrix is covered and passed. Raise UserError for a check or test that names an unknown row.

    A check whose file has changed since `dm verify` ran it counts as not run.
    """
    matrix = _matrix(outside)
    proofs = (*_check_proofs(outside), *_test_proofs(outside))
    refuse_unknown(matrix, proofs)
    states = row_states(matrix, proofs)
    groups = count_groups(matrix, states)
    return Coverage(groups, states, sum(g.passed for g in groups), len(states), len(matrix.rows))


def missing_rows(outside: Outside, group: str) -> tuple[str, ...]:
    """Given a group such as `3` or `2.4`, return the ids that nothing covers yet. Raise UserError for an unknown group."""
    matrix = _matrix(outside)
    wanted = [row for row in matrix.rows if in_group(row.group, group)]
    if not wanted:
        raise UserError(f"the matrix has no group '{group}'", "groups: " + ", ".join(matrix.groups))
    covered = {state.id for state in count_rows(outside).rows}
    return tuple(row.id for row in wanted if row.id not in covered)


def _matrix(outside: Outside) -> Matrix:
    path = outside.repository.root / "tests" / "matrix-ids.txt"
    return matrix_from(outside.repository.read_text(path), outside.repository.relative(path))


def _check_proofs(outside: Outside) -> list[Proof]:
    verdicts: dict[str, Any] = {}
    for path in (outside.state.root / PYTEST_VERDICTS, outside.state.folder / VERDICTS):
        saved = _saved(path)
        verdicts |= {check: v for check, v in saved.items() if v["at"] >= verdicts.get(check, v)["at"]}
    on_cluster = outside.state.read_json(VERDICTS_K8S) or {}
    proofs = []
    for check in read_checks(outside, outside.repository.model()):
        verdict = (on_cluster if check.target == "kubernetes" else verdicts).get(check.id, {})
        outcome = verdict.get("result", NOT_RUN) if verdict.get("digest") == check.digest else NOT_RUN
        proofs += [Proof(row, check.id, outcome) for row in check.rows]
    return proofs


def _test_proofs(outside: Outside) -> list[Proof]:
    """What the tests wrote down in their last run; a row that a test file marks and no result names was not run."""
    path = outside.state.root / PYTEST_RESULTS
    results = _saved(path)
    proofs = [Proof(row, test, result["outcome"]) for test, result in results.items() for row in result["rows"]]
    seen = {(proof.where.split("::")[0], proof.row) for proof in proofs}
    for path in files.found(outside.repository.root / "tests", "**/test_*.py"):
        file = outside.repository.relative(path)
        marked = marked_rows(outside.repository.read_text(path), file)
        proofs += [Proof(row, file, NOT_RUN) for row in marked if (file, row) not in seen]
    return proofs


def _saved(path: Path) -> dict[str, Any]:
    """What an earlier run wrote down; a file that was cut off in the middle counts as none."""
    try:
        saved = json.loads(files.read_if_there(path) or "{}")
    except ValueError:
        return {}
    return saved if isinstance(saved, dict) else {}
