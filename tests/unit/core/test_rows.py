"""The matrix and its coverage: a row counts as passed only if all that asserts it has passed."""

from __future__ import annotations

from pathlib import Path

import pytest

from datameesh_cli.core.rows import (
    FAILED,
    NOT_RUN,
    PASSED,
    GroupCount,
    Proof,
    count_groups,
    in_group,
    marked_rows,
    matrix_from,
    refuse_unknown,
    row_states,
)
from datameesh_cli.errors import UserError

LIST = "# made by a command\n# 2 Databases\n# 2.1 Servers\nS-DB-01 2.1\nS-DB-02 2.1\n# 5 APIs\nS-API-01 5\n"
MATRIX = matrix_from(LIST, "ids.txt")


def test_the_list_gives_rows_groups_and_titles() -> None:
    assert [(row.id, row.group) for row in MATRIX.rows] == [("S-DB-01", "2.1"), ("S-DB-02", "2.1"), ("S-API-01", "5")]
    assert MATRIX.groups == ("2.1", "5")
    assert MATRIX.titles == {"2": "Databases", "2.1": "Servers", "5": "APIs"}


@pytest.mark.parametrize("line", ["S-DB-01", "S-DB-1a 2.1", "hello 2", "S-DB-01 two"])
def test_a_line_that_is_no_row_is_refused(line: str) -> None:
    with pytest.raises(UserError, match=r"ids.txt, line 1: .* is not `ID GROUP`"):
        matrix_from(line, "ids.txt")


def test_a_row_that_stands_twice_is_refused() -> None:
    with pytest.raises(UserError, match="stands twice"):
        matrix_from("S-DB-01 2.1\nS-DB-01 2.1", "ids.txt")


def test_a_row_is_as_good_as_its_worst_proof() -> None:
    proofs = [
        Proof("S-DB-01", "a", PASSED),
        Proof("S-DB-01", "b", FAILED),
        Proof("S-DB-01", "c", NOT_RUN),
        Proof("S-DB-02", "a", PASSED),
        Proof("S-DB-02", "c", NOT_RUN),
        Proof("S-API-01", "a", PASSED),
    ]
    states = row_states(MATRIX, proofs)
    assert [(s.id, s.outcome) for s in states] == [("S-DB-01", FAILED), ("S-DB-02", NOT_RUN), ("S-API-01", PASSED)]
    assert count_groups(MATRIX, states) == (
        GroupCount("2.1", "Servers", 0, 1, 1, 2),
        GroupCount("5", "APIs", 1, 0, 0, 1),
    )


def test_nothing_covered_counts_as_nothing() -> None:
    assert count_groups(MATRIX, row_states(MATRIX, [])) == (
        GroupCount("2.1", "Servers", 0, 0, 0, 2),
        GroupCount("5", "APIs", 0, 0, 0, 1),
    )


def test_an_unknown_row_is_refused_with_the_place_that_names_it() -> None:
    with pytest.raises(UserError, match=r"services/x/smoke\.yaml: one: the matrix has no row 'S-DB-99'"):
        refuse_unknown(MATRIX, [Proof("S-DB-99", "services/x/smoke.yaml: one", PASSED)])


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
