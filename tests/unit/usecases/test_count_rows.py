"""`dm dev coverage`: verdicts of checks and outcomes of tests, together, against the list of ids."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.core.rows import FAILED, NOT_RUN, PASSED
from datameesh_cli.errors import UnhealthyError, UserError
from datameesh_cli.usecases.count_rows import count_rows, missing_rows, require_all
from datameesh_cli.usecases.mark_inputs import made_of, of_tests
from datameesh_cli.usecases.plan_memory import plan_memory
from datameesh_cli.usecases.read_checks import read_checks
from datameesh_cli.usecases.verify_stack import run_checks
from tests.fakes.adapters import FakeEngine, fake_adapters
from tests.unit.usecases.test_verify_stack import FakeTarget

CHECKS = 'checks: [{name: a, rows: [S-DB-01], exec: {service: db, command: ["true"]}, expect: {exit: 0}}]'


def _world(root: Path) -> Adapters:
    adapters, _ = fake_adapters(root, FakeEngine())
    (root / "services/db/smoke.yaml").write_text(CHECKS)
    (root / "tests").mkdir()
    (root / "tests/matrix-ids.txt").write_text("# 2.1 Servers\nS-DB-01 2.1\nS-DB-02 2.1\n# 5 APIs\nS-API-01 5\n")
    (root / "tests/test_a.py").write_text('import pytest\n@pytest.mark.row("S-DB-02")\ndef test_x(): pass\n')
    return adapters


def _outcomes(adapters: Adapters) -> dict[str, str]:
    return {state.id: state.outcome for state in count_rows(adapters).rows}


def _verify(adapters: Adapters) -> None:
    checks = read_checks(adapters, adapters.repository.model())
    run_checks(adapters, checks, plan_memory(adapters, (), None), FakeTarget(), lambda _: None)


def test_what_was_never_run_is_covered_and_not_passed(tmp_path: Path) -> None:
    coverage = count_rows(_world(tmp_path))
    assert {s.id: s.outcome for s in coverage.rows} == {"S-DB-01": NOT_RUN, "S-DB-02": NOT_RUN}
    assert (coverage.passed, coverage.covered, coverage.total) == (0, 2, 3)


def test_a_verdict_counts_until_the_check_changes(tmp_path: Path) -> None:
    adapters = _world(tmp_path)
    _verify(adapters)
    assert _outcomes(adapters)["S-DB-01"] == PASSED
    (tmp_path / "services/db/smoke.yaml").write_text(CHECKS.replace('"true"', '"false"'))
    assert _outcomes(adapters)["S-DB-01"] == NOT_RUN


@pytest.mark.parametrize("outcome", [PASSED, FAILED, NOT_RUN])
def test_the_outcome_of_a_test_counts(tmp_path: Path, outcome: str) -> None:
    adapters = _world(tmp_path)
    (tmp_path / ".dm").mkdir()
    _tested(adapters, outcome)
    assert _outcomes(adapters)["S-DB-02"] == outcome


def _tested(adapters: Adapters, outcome: str) -> None:
    result = {"rows": ["S-DB-02"], "outcome": outcome, "ran_on": of_tests(adapters.repository)}
    results = {"tests/test_a.py::test_x": result}
    (adapters.repository.root / ".dm/rows-pytest.json").write_text(json.dumps(results))


@pytest.mark.parametrize(
    ("file", "checks", "tests"),
    [
        ("services/db/compose.yaml", NOT_RUN, NOT_RUN),
        ("services/db/config/new.conf", NOT_RUN, NOT_RUN),
        ("datameesh_cli/core/rows.py", NOT_RUN, NOT_RUN),
        ("dbt/models/marts/mart.sql", NOT_RUN, NOT_RUN),
        ("seed/sales/schema.sql", NOT_RUN, NOT_RUN),
        ("tests/integration/stack.py", PASSED, NOT_RUN),
        ("services/other/smoke.yaml", PASSED, NOT_RUN),
        ("services/db/README.md", PASSED, PASSED),
        ("dbt/target/manifest.json", PASSED, PASSED),
        ("datameesh_cli/core/__pycache__/rows.pyc", PASSED, PASSED),
    ],
)
def test_an_old_verdict_does_not_count_for_what_was_changed(tmp_path: Path, file: str, checks: str, tests: str) -> None:
    adapters = _world(tmp_path)
    (tmp_path / ".dm").mkdir(exist_ok=True)
    _verify(adapters)
    _tested(adapters, PASSED)
    assert _outcomes(adapters) == {"S-DB-01": PASSED, "S-DB-02": PASSED}
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text() if path.exists() else ""
    other = 'checks: [{name: b, exec: {service: db, command: ["true"]}, expect: {exit: 0}}]'
    path.write_text(other if path.name == "smoke.yaml" else before + "\n# changed")
    assert _outcomes(adapters) == {"S-DB-01": checks, "S-DB-02": tests}


def test_a_verdict_is_of_the_containers_that_ran_not_of_the_folders_as_they_are_now(tmp_path: Path) -> None:
    adapters = _world(tmp_path)
    adapters.state.write("plan.json", json.dumps({"budget": 512, "made_of": made_of(adapters)}))
    fragment = tmp_path / "services/db/compose.yaml"
    fragment.write_text(fragment.read_text() + "\n# edited while the stack runs\n")
    _verify(adapters)
    assert _outcomes(adapters)["S-DB-01"] == NOT_RUN
    adapters.state.write("plan.json", json.dumps({"budget": 512, "made_of": made_of(adapters)}))
    _verify(adapters)
    assert _outcomes(adapters)["S-DB-01"] == PASSED


def test_a_full_run_with_a_covered_row_that_did_not_pass_ends_in_4_and_names_it(tmp_path: Path) -> None:
    adapters = _world(tmp_path)
    _verify(adapters)
    with pytest.raises(UnhealthyError, match=r"1 rows that are covered did not pass: S-DB-02 \(not run\)") as caught:
        require_all(count_rows(adapters), without_cluster=False)
    assert caught.value.exit_code == 4
    _tested(adapters, PASSED)
    require_all(count_rows(adapters), without_cluster=False)


def test_what_only_a_cluster_shows_is_owed_where_the_stage_ran(tmp_path: Path) -> None:
    adapters = _world(tmp_path)
    (tmp_path / "tests/cluster").mkdir()
    marked = 'import pytest\n@pytest.mark.row("S-API-01/K")\ndef test_y(): pass\n'
    (tmp_path / "tests/cluster/test_b.py").write_text(marked)
    (tmp_path / "tests/test_a.py").write_text(marked.replace("/K", "/C").replace("_y", "_x"))
    (tmp_path / "tests/matrix-ids.txt").write_text("S-DB-01 2.1\nS-DB-02 2.1\nS-API-01 5 C K\n")
    _verify(adapters)
    passed = {"rows": ["S-API-01/C"], "outcome": PASSED, "ran_on": of_tests(adapters.repository)}
    (tmp_path / ".dm/rows-pytest.json").write_text(json.dumps({"tests/test_a.py::test_x": passed}))
    coverage = count_rows(adapters)
    assert (coverage.passed, coverage.covered) == (1, 2)
    require_all(coverage, without_cluster=True)
    with pytest.raises(UnhealthyError, match="S-API-01"):
        require_all(coverage, without_cluster=False)


@pytest.mark.parametrize("target", ["compose", "kubernetes"])
def test_the_half_of_kubernetes_is_shown_by_a_check_on_a_cluster_only(tmp_path: Path, target: str) -> None:
    adapters = _world(tmp_path)
    (tmp_path / "tests/matrix-ids.txt").write_text("S-DB-01 2.1 C K\nS-DB-02 2.1\n")
    (tmp_path / "services/db/smoke.yaml").write_text(CHECKS.replace("[S-DB-01]", "[S-DB-01/K]"))
    checks = read_checks(adapters, adapters.repository.model())
    run_checks(adapters, checks, plan_memory(adapters, (), None), FakeTarget(kind=target), lambda _: None)
    (state,) = (s for s in count_rows(adapters).rows if s.id == "S-DB-01")
    assert state.proofs[0].outcome == (PASSED if target == "kubernetes" else NOT_RUN)


def test_a_row_needs_all_that_asserts_it(tmp_path: Path) -> None:
    adapters = _world(tmp_path)
    (tmp_path / "tests/test_a.py").write_text('import pytest\n@pytest.mark.row("S-DB-01")\ndef test_x(): pass\n')
    _verify(adapters)
    assert _outcomes(adapters) == {"S-DB-01": NOT_RUN}


def test_an_id_that_the_matrix_lacks_is_refused(tmp_path: Path) -> None:
    adapters = _world(tmp_path)
    (tmp_path / "services/db/smoke.yaml").write_text(CHECKS.replace("S-DB-01", "S-DB-77"))
    with pytest.raises(UserError, match="S-DB-77"):
        count_rows(adapters)


def test_missing_rows_are_listed_by_group(tmp_path: Path) -> None:
    adapters = _world(tmp_path)
    assert missing_rows(adapters, "2") == ()
    assert missing_rows(adapters, "5") == ("S-API-01",)
    with pytest.raises(UserError, match=r"the matrix has no group '9'"):
        missing_rows(adapters, "9")
