"""The rows of the fact matrix: which ids there are, which of them are covered, and how that went."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from datameesh_cli.errors import UserError

_ID = re.compile(r"S-[A-Z0-9]+(?:-[A-Z0-9]+)*-\d+")
_LINE = re.compile(rf"({_ID.pattern}) (\d+(?:\.\d+)?)")
_TITLE = re.compile(r"# (\d+(?:\.\d+)?) (\S.*)")

PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A row of the matrix: its id and its group, such as `2.4`."""

    id: str
    group: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """All rows in the order of the matrix, and the titles of groups."""

    rows: tuple[MatrixRow, ...]
    titles: Mapping[str, str]

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that hold rows, in order."""
        return tuple(dict.fromkeys(row.group for row in self.rows))


@dataclass(frozen=True, slots=True)
class Proof:
    """Something that asserts a row: where it stands, and how it went (`passed`, `failed`, `not run`)."""

    row: str
    where: str
    outcome: str


@dataclass(frozen=True, slots=True)
class RowState:
    """One covered row: `passed` only if all that asserts it has passed."""

    id: str
    group: str
    outcome: str
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class GroupCount:
    """One group: how many of its rows passed, failed, were not run, and how many it has."""

    group: str
    title: str
    passed: int
    failed: int
    not_run: int
    total: int


def matrix_from(text: str, file: str) -> Matrix:
    """Given the list of ids (`S-INFRA-01 1.1`, and `# 1.1 Title`) and its file name, return the matrix.

    Raise UserError for a line that is neither, and for an id that stands twice.
    """
    rows: dict[str, MatrixRow] = {}
    titles: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if title := _TITLE.fullmatch(line):
            titles[title[1]] = title[2]
        elif line.strip() and not line.startswith("#"):
            row = _LINE.fullmatch(line)
            if not row or row[1] in rows:
                problem = "stands twice" if row else "is not `ID GROUP`"
                raise UserError(f"{file}, line {number}: '{line}' {problem}", "make it again as its first lines say")
            rows[row[1]] = MatrixRow(row[1], row[2])
    return Matrix(tuple(rows.values()), titles)


def marked_rows(source: str, file: str) -> tuple[str, ...]:
    """Given the text of a Python test file, return the ids in its `pytest.mark.row(...)`. Raise UserError if it does not parse."""
    try:
        tree = ast.parse(source)
    except SyntaxError as broken:
        raise UserError(f"{file}, line {broken.lineno}: {broken.msg}", "correct the test file") from broken
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "row":
            mark = node.func.value
            if isinstance(mark, ast.Attribute) and mark.attr == "mark":
                found += [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return tuple(dict.fromkeys(found))


def refuse_unknown(matrix: Matrix, proofs: Iterable[Proof]) -> None:
    """Given the matrix and all proofs, raise UserError for the first that names a row the matrix does not have."""
    known = {row.id for row in matrix.rows}
    for proof in proofs:
        if proof.row not in known:
            raise UserError(f"{proof.where}: the matrix has no row '{proof.row}'", "tests/matrix-ids.txt lists all ids")


def row_states(matrix: Matrix, proofs: Sequence[Proof]) -> tuple[RowState, ...]:
    """Given the matrix and all proofs, return each covered row with its outcome, in the order of the matrix."""
    by_row: dict[str, list[Proof]] = {}
    for proof in proofs:
        by_row.setdefault(proof.row, []).append(proof)
    return tuple(
        RowState(row.id, row.group, _outcome(by_row[row.id]), tuple(by_row[row.id]))
        for row in matrix.rows
        if row.id in by_row
    )


def count_groups(matrix: Matrix, states: Sequence[RowState]) -> tuple[GroupCount, ...]:
    """Given the matrix and the covered rows, return a count for each group."""
    counts = []
    for group in matrix.groups:
        outcomes = [s.outcome for s in states if s.group == group]
        total = sum(row.group == group for row in matrix.rows)
        title = matrix.titles.get(group, "")
        counts.append(
            GroupCount(group, title, outcomes.count(PASSED), outcomes.count(FAILED), outcomes.count(NOT_RUN), total)
        )
    return tuple(counts)


def in_group(group: str, wanted: str) -> bool:
    """Given a row's group and a wanted one, say whether it lies in it: `2.4` lies in `2.4` and in `2`."""
    return group == wanted or group.startswith(wanted + ".")


def _outcome(proofs: Sequence[Proof]) -> str:
    outcomes = {p.outcome for p in proofs}
    return next((o for o in (FAILED, NOT_RUN) if o in outcomes), PASSED)
