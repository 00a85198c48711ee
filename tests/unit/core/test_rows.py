"""The matrix and its coverage: a row counts as passed only if all that asserts it has passed."""

from __future__ import annotations

from pathlib import Path

import pytest

from datameesh_cli.core.rows import (
    FAILED,
    IN_HALF,
    NOT_RUN,
    PASSED,
    Claim,
    GroupCount,
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
from datameesh_cli.errors import UserError

LIST = "# made by a command\n# 2 Databases\n# 2.1 Servers\nS-DB-01 2.1\nS-DB-02 2.1\n# 5 APIs\nS-API-01 5\n"
MATRIX = matrix_from(LIST, "ids.txt")
DIVIDED = matrix_from("# 11 Operations\nS-OPS-34 11 C K\nS-OPS-40 11\n", "ids.txt")


def _proof(claim: str, where: str, outcome: str, *, on_cluster: bool = False) -> Proof:
    return Proof(claim_of(claim, where), where, outcome, on_cluster)


def _only(*proofs: Proof) -> RowState:
    (state,) = row_states(DIVIDED, proofs)
    return state


def test_the_list_gives_rows_groups_and_titles() -> None:
    assert [(row.id, row.group) for row in MATRIX.rows] == [("S-DB-01", "2.1"), ("S-DB-02", "2.1"), ("S-API-01", "5")]
    assert MATRIX.groups == ("2.1", "5")
    assert MATRIX.titles == {"2": "Databases", "2.1": "Servers", "5": "APIs"}


@pytest.mark.parametrize(
    "line", ["S-DB-01", "S-DB-1a 2.1", "hello 2", "S-DB-01 two", "S-DB-01 2.1 K", "S-DB-01 2.1 K C"]
)
def test_a_line_that_is_no_row_is_refused(line: str) -> None:
    with pytest.raises(UserError, match=r"ids.txt, line 1: .* is not `ID GROUP`"):
        matrix_from(line, "ids.txt")


def test_a_row_that_stands_twice_is_refused() -> None:
    with pytest.raises(UserError, match="stands twice"):
        matrix_from("S-DB-01 2.1\nS-DB-01 2.1", "ids.txt")


def test_a_row_is_as_good_as_its_worst_proof() -> None:
    proofs = [
        _proof("S-DB-01", "a", PASSED),
        _proof("S-DB-01", "b", FAILED),
        _proof("S-DB-01", "c", NOT_RUN),
        _proof("S-DB-02", "a", PASSED),
        _proof("S-DB-02", "c", NOT_RUN),
        _proof("S-API-01", "a", PASSED),
    ]
    states = row_states(MATRIX, proofs)
    assert [(s.id, s.outcome) for s in states] == [("S-DB-01", FAILED), ("S-DB-02", NOT_RUN), ("S-API-01", PASSED)]
    assert count_groups(MATRIX, states) == (
        GroupCount("2.1", "Servers", 0, 1, 1, 0, 2),
        GroupCount("5", "APIs", 1, 0, 0, 0, 1),
    )


def test_nothing_covered_counts_as_nothing() -> None:
    assert count_groups(MATRIX, row_states(MATRIX, [])) == (
        GroupCount("2.1", "Servers", 0, 0, 0, 0, 2),
        GroupCount("5", "APIs", 0, 0, 0, 0, 1),
    )


def test_an_unknown_row_is_refused_with_the_place_that_names_it() -> None:
    with pytest.raises(UserError, match=r"services/x/smoke\.yaml: one: the matrix has no row 'S-DB-99'"):
        refuse_wrong(MATRIX, [_proof("S-DB-99", "services/x/smoke.yaml: one", PASSED)])


def test_a_row_with_two_halves_is_green_only_with_both() -> None:
    compose, kubernetes = _proof("S-OPS-34/C", "a", PASSED), _proof("S-OPS-34/K", "b", PASSED)
    assert (_only(compose).outcome, _only(compose).missing) == (IN_HALF, ("K",))
    assert (_only(kubernetes).outcome, _only(kubernetes).missing) == (IN_HALF, ("C",))
    assert (_only(compose, kubernetes).outcome, _only(compose, kubernetes).missing) == (PASSED, ())
    assert _only(compose, _proof("S-OPS-34/K", "b", NOT_RUN)).outcome == NOT_RUN
    assert _only(_proof("S-OPS-34/C", "a", FAILED)).outcome == FAILED
    assert count_groups(DIVIDED, [_only(compose)]) == (GroupCount("11", "Operations", 0, 0, 0, 1, 2),)


@pytest.mark.parametrize(("text", "claim"), [("S-OPS-34", Claim("S-OPS-34")), ("S-OPS-34/K", Claim("S-OPS-34", "K"))])
def test_a_claim_has_one_spelling(text: str, claim: Claim) -> None:
    assert claim_of(text, "t.py") == claim
    assert str(claim) == text


@pytest.mark.parametrize("text", ["S-OPS-34[K]", "S-OPS-34/k", "S-OPS-34/CK", "S-OPS-34/", "S-OPS-34 K", "OPS-34"])
def test_any_other_spelling_of_a_claim_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"t\.py: '.*' is no row"):
        claim_of(text, "t.py")


@pytest.mark.parametrize(
    ("claim", "says"),
    [("S-OPS-34", "S-OPS-34 has two halves, say which one"), ("S-OPS-40/K", "S-OPS-40 has no halves in the matrix")],
)
def test_a_half_is_named_where_the_matrix_has_halves_and_nowhere_else(claim: str, says: str) -> None:
    with pytest.raises(UserError, match=f"t.py: row {says}"):
        refuse_wrong(DIVIDED, [_proof(claim, "t.py", PASSED)])


def test_a_full_run_owes_every_covered_row_and_what_only_a_cluster_says_where_there_was_one() -> None:
    def owed(*proofs: Proof, without_cluster: bool = False) -> list[str]:
        return [s.id for s in lacking(row_states(DIVIDED, proofs), without_cluster=without_cluster)]

    compose = _proof("S-OPS-34/C", "a", PASSED)
    unseen = _proof("S-OPS-34/K", "tests/cluster/b", NOT_RUN, on_cluster=True)
    assert owed(compose, _proof("S-OPS-34/K", "b", PASSED)) == []
    assert owed(compose, unseen) == ["S-OPS-34"]
    assert owed(compose, unseen, without_cluster=True) == []
    assert owed(compose, _proof("S-OPS-34/K", "b", NOT_RUN), without_cluster=True) == ["S-OPS-34"]
    assert owed(_proof("S-OPS-34/C", "a", NOT_RUN), unseen, without_cluster=True) == ["S-OPS-34"]
    assert owed(compose, _proof("S-OPS-34/K", "b", FAILED, on_cluster=True), without_cluster=True) == ["S-OPS-34"]
    assert owed(compose) == [], "a half that nothing claims is no promise"
    assert owed(_proof("S-OPS-34/C", "a", FAILED), without_cluster=True) == ["S-OPS-34"]


def test_marks_are_found_wherever_a_test_file_may_have_them() -> None:
    source = """
import pytest
pytestmark = pytest.mark.row("S-A-01")
@pytest.mark.row("S-A-02", "S-A-03")
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.row("S-A-04"))])
def test_one(x): sheet.row("S-A-05"); "pytest.mark.row('S-A-06')"
"""
    assert sorted(marked_rows(source, "t.py")) == ["S-A-01", "S-A-02", "S-A-03", "S-A-04"]


def test_a_broken_test_file_is_named() -> None:
    with pytest.raises(UserError, match=r"t\.py, line 1"):
        marked_rows("def (", "t.py")


def test_a_group_holds_its_subgroups_and_no_namesake() -> None:
    assert in_group("2.4", "2.4")
    assert in_group("2.4", "2")
    assert not in_group("12.4", "2")
    assert not in_group("2.1", "2.10")


def test_the_list_of_the_repository_has_every_row_of_the_matrix() -> None:
    path = Path(__file__).parents[2] / "matrix-ids.txt"
    matrix = matrix_from(path.read_text(encoding="utf-8"), path.name)
    assert len(matrix.rows) == 822
    majors: dict[str, int] = {}
    for row in matrix.rows:
        major = row.group.split(".")[0]
        majors[major] = majors.get(major, 0) + 1
    # The counts that the matrix states about itself.
    assert list(majors.values()) == [97, 71, 46, 31, 17, 108, 51, 44, 27, 65, 66, 72, 73, 25, 29]
    assert all(group in matrix.titles for group in matrix.groups)
    divided = {row.id for row in matrix.rows if row.halves}
    assert len(divided) == 70
    assert {"S-INFRA-02", "S-OPS-35", "S-BUD-26"} <= divided
    assert not divided & {"S-OPS-31", "S-DB-01"}, "one wants Kubernetes alone, one Compose alone"
