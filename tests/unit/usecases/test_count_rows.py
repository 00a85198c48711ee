"""`dm rows`: verdicts of checks and outcomes of tests, together, against the list of ids."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datameesh_cli.adapters.outside import Outside
from datameesh_cli.core.rows import FAILED, NOT_RUN, PASSED
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.count_rows import count_rows, missing_rows
from datameesh_cli.usecases.plan_memory import plan_memory
from datameesh_cli.usecases.read_checks import read_checks
from datameesh_cli.usecases.verify_stack import run_checks
from tests.fakes.outside import FakeEngine, fake_outside
from tests.unit.usecases.test_verify_stack import FakeTarget

CHECKS = 'checks: [{name: a, rows: [S-DB-01], exec: {service: db, command: ["true"]}, expect: {exit: 0}}]'


def _world(root: Path) -> Outside:
    world, _ = fake_outside(root, FakeEngine())
    (root / "services/db/smoke.yaml").write_text(CHECKS)
    (root / "tests").mkdir()
    (root / "tests/matrix-ids.txt").write_text("# 2.1 Servers\nS-DB-01 2.1\nS-DB-02 2.1\n# 5 APIs\nS-API-01 5\n")
    (root / "tests/test_a.py").write_text('import pytest\n@pytest.mark.row("S-DB-02")\ndef test_x(): pass\n')
    return world


def _outcomes(world: Outside) -> dict[str, str]:
    return {state.id: state.outcome for state in count_rows(world).rows}


def _verify(world: Outside) -> None:
    checks = read_checks(world, world.repository.model())
    run_checks(world, checks, plan_memory(world, (), None), FakeTarget(), lambda _: None)


def test_what_was_never_run_is_covered_and_not_passed(tmp_path: Path) -> None:
    coverage = count_rows(_world(tmp_path))
    assert {s.id: s.outcome for s in coverage.rows} == {"S-DB-01": NOT_RUN, "S-DB-02": NOT_RUN}
    assert (coverage.passed, coverage.covered, coverage.total) == (0, 2, 3)


def test_a_verdict_counts_until_the_check_changes(tmp_path: Path) -> None:
    world = _world(tmp_path)
    _verify(world)
    assert _outcomes(world)["S-DB-01"] == PASSED
    (tmp_path / "services/db/smoke.yaml").write_text(CHECKS.replace('"true"', '"false"'))
    assert _outcomes(world)["S-DB-01"] == NOT_RUN


@pytest.mark.parametrize("outcome", [PASSED, FAILED, NOT_RUN])
def test_the_outcome_of_a_test_counts(tmp_path: Path, outcome: str) -> None:
    world = _world(tmp_path)
    (tmp_path / ".dm").mkdir()
    results = {"tests/test_a.py::test_x": {"rows": ["S-DB-02"], "outcome": outcome}}
    (tmp_path / ".dm/rows-pytest.json").write_text(json.dumps(results))
    assert _outcomes(world)["S-DB-02"] == outcome


def test_a_row_needs_all_that_asserts_it(tmp_path: Path) -> None:
    world = _world(tmp_path)
    (tmp_path / "tests/test_a.py").write_text('import pytest\n@pytest.mark.row("S-DB-01")\ndef test_x(): pass\n')
    _verify(world)
    assert _outcomes(world) == {"S-DB-01": NOT_RUN}


def test_an_id_that_the_matrix_lacks_is_refused(tmp_path: Path) -> None:
    world = _world(tmp_path)
    (tmp_path / "services/db/smoke.yaml").write_text(CHECKS.replace("S-DB-01", "S-DB-77"))
    with pytest.raises(UserError, match="S-DB-77"):
        count_rows(world)


def test_missing_rows_are_listed_by_group(tmp_path: Path) -> None:
    world = _world(tmp_path)
    assert missing_rows(world, "2") == ()
    assert missing_rows(world, "5") == ("S-API-01",)
    with pytest.raises(UserError, match=r"the matrix has no group '9'"):
        missing_rows(world, "9")
