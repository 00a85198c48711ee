"""`dm dev coverage`: which rows of the fact matrix the checks and tests cover, and how their last run went."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datameesh_cli.core.rows import (
    NOT_RUN,
    GroupCount,
    Matrix,
    Proof,
    RowState,
    claim_of,
    count_groups,
    in_group,
    lacking,
    marked_rows,
    matrix_from,
    refuse_wrong,
    row_states,
)
from datameesh_cli.errors import UnhealthyError, UserError
from datameesh_cli.usecases.mark_inputs import of_tests, ran_on
from datameesh_cli.usecases.read_checks import read_checks
from datameesh_cli.usecases.verify_stack import VERDICTS, VERDICTS_K8S

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters

PYTEST_RESULTS = "rows-pytest.json"
PYTEST_VERDICTS = {VERDICTS: "rows-verify.json", VERDICTS_K8S: "rows-verify-k8s.json"}
"""The verdicts of `dm verify` on the stacks of the tests, which are gone when `dm dev coverage` is asked."""
_OF_CLUSTER = "tests/cluster/"


@dataclass(frozen=True, slots=True)
class MatrixCoverage:
    """All groups with their counts, and every row that something asserts; `covered` are those whose halves are all asserted."""

    groups: tuple[GroupCount, ...]
    rows: tuple[RowState, ...]
    passed: int
    covered: int
    total: int


def count_rows(adapters: Adapters) -> MatrixCoverage:
    """Return how much of the matrix is covered and passed. Raise UserError for a check or test that names an unknown row.

    A verdict counts only as long as the check or test, and all that it ran on, is what it was.
    """
    matrix = _matrix(adapters)
    proofs = (*_check_proofs(adapters), *_test_proofs(adapters))
    refuse_wrong(matrix, proofs)
    states = row_states(matrix, proofs)
    groups = count_groups(matrix, states)
    covered = sum(not state.missing for state in states)
    return MatrixCoverage(groups, states, sum(g.passed for g in groups), covered, len(matrix.rows))


def require_all(coverage: MatrixCoverage, *, without_cluster: bool) -> None:
    """Given the coverage after a full run, raise UnhealthyError if a row did not pass that the repository says is covered.

    With `without_cluster` (no cluster stage) what only a cluster can say is not asked for.
    """
    short = lacking(coverage.rows, without_cluster=without_cluster)
    if short:
        raise UnhealthyError(
            f"{len(short)} rows that are covered did not pass: {' '.join(f'{s.id} ({s.outcome})' for s in short)}",
            "make them pass, or take the mark away where nothing shows the row",
        )


def missing_rows(adapters: Adapters, group: str) -> tuple[str, ...]:
    """Given a group such as `3` or `2.4`, return the ids that nothing covers yet. Raise UserError for an unknown group."""
    matrix = _matrix(adapters)
    wanted = [row for row in matrix.rows if in_group(row.group, group)]
    if not wanted:
        raise UserError(f"the matrix has no group '{group}'", "groups: " + ", ".join(matrix.groups))
    covered = {state.id for state in count_rows(adapters).rows}
    return tuple(row.id for row in wanted if row.id not in covered)


def _matrix(adapters: Adapters) -> Matrix:
    path = adapters.repository.root / "tests" / "matrix-ids.txt"
    return matrix_from(adapters.repository.read_text(path), adapters.repository.relative(path))


def _check_proofs(adapters: Adapters) -> list[Proof]:
    verdicts = {name: _verdicts(adapters, name) for name in PYTEST_VERDICTS}
    now = ran_on(adapters)
    proofs = []
    for check in read_checks(adapters, adapters.repository.model()):
        for claim in (claim_of(row, check.id) for row in check.rows):
            on_cluster = claim.half == "K" or check.target == "kubernetes"
            verdict = verdicts[VERDICTS_K8S if on_cluster else VERDICTS].get(check.id, {})
            current = (verdict.get("digest"), verdict.get("ran_on")) == (check.digest, now)
            proofs.append(Proof(claim, check.id, verdict["result"] if current else NOT_RUN, on_cluster))
    return proofs


def _verdicts(adapters: Adapters, name: str) -> dict[str, Any]:
    """The newest verdict on each check: of the stack itself, or of the tests' stacks."""
    found: dict[str, Any] = {}
    for path in (adapters.state.root / PYTEST_VERDICTS[name], adapters.state.folder / name):
        saved = _saved(adapters, path)
        found |= {check: v for check, v in saved.items() if v["at"] >= found.get(check, v)["at"]}
    return found


def _test_proofs(adapters: Adapters) -> list[Proof]:
    """What the tests wrote down in their last run; a row that a test file marks and no result names was not run."""
    path = adapters.state.root / PYTEST_RESULTS
    results = _saved(adapters, path)
    now = of_tests(adapters.repository)
    current = {test: result for test, result in results.items() if result.get("ran_on") == now}
    proofs = [_proof(row, test, result["outcome"]) for test, result in current.items() for row in result["rows"]]
    seen = {(proof.where.split("::")[0], proof.claim) for proof in proofs}
    for path in adapters.repository.test_files():
        file = adapters.repository.relative(path)
        marked = marked_rows(adapters.repository.read_text(path), file)
        proofs += [_proof(row, file, NOT_RUN) for row in marked if (file, claim_of(row, file)) not in seen]
    return proofs


def _proof(row: str, where: str, outcome: str) -> Proof:
    return Proof(claim_of(row, where), where, outcome, where.startswith(_OF_CLUSTER))


def _saved(adapters: Adapters, path: Path) -> dict[str, Any]:
    """What an earlier run wrote down; a file that was cut off in the middle counts as none."""
    try:
        saved = json.loads(adapters.repository.read_text(path)) if adapters.repository.has(path) else {}
    except ValueError:
        return {}
    return saved if isinstance(saved, dict) else {}
