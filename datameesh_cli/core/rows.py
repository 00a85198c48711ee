"""The rows of the fact matrix: which ids there are, which of them are covered, and how that went."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from datameesh_cli.errors import UserError

_ID = re.compile(r"S-[A-Z0-9]+(?:-[A-Z0-9]+)*-\d+")
_LINE = re.compile(rf"({_ID.pattern}) (\d+(?:\.\d+)?)( C K)?")
_CLAIM = re.compile(rf"({_ID.pattern})(?:/([CK]))?")
_TITLE = re.compile(r"# (\d+(?:\.\d+)?) (\S.*)")

PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"
IN_HALF = "in half"
"""Of a row with two halves: what asserts the one half passed, and nothing asserts the other."""

Half = Literal["", "C", "K"]
"""What a row wants of Compose and what of Kubernetes; "" is a row that the matrix does not divide."""
HALVES: tuple[Half, ...] = ("C", "K")


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A row of the matrix: its id, its group, such as `2.4`, and its halves (none: it is not divided)."""

    id: str
    group: str
    halves: tuple[Half, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What a check or test says that it asserts: a row, or one half of it."""

    row: str
    half: Half = ""

    def __str__(self) -> str:
        return f"{self.row}/{self.half}" if self.half else self.row


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
    """What asserts a row: where it stands, how it went (`passed`, `failed`, `not run`), whether only a cluster can say."""

    claim: Claim
    where: str
    outcome: str
    on_cluster: bool = False


@dataclass(frozen=True, slots=True)
class RowState:
    """One row that something asserts: `passed` only if all that asserts it has passed, and each half is asserted."""

    id: str
    group: str
    outcome: str
    proofs: tuple[Proof, ...]
    missing: tuple[Half, ...] = ()

    @property
    def waits_for_cluster(self) -> bool:
        """Whether it only was not run because nobody asked a cluster."""
        waiting = [p for p in self.proofs if p.outcome == NOT_RUN]
        return self.outcome == NOT_RUN and all(p.on_cluster for p in waiting)


@dataclass(frozen=True, slots=True)
class GroupCount:
    """One group: how many of its rows passed, failed, were not run, are asserted in half, and how many it has."""

    group: str
    title: str
    passed: int
    failed: int
    not_run: int
    in_half: int
    total: int


def matrix_from(text: str, file: str) -> Matrix:
    """Given the list of ids (`S-INFRA-01 1.1`, with ` C K` if it has halves, and `# 1.1 Title`) and its name, return the matrix.

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
                problem = "stands twice" if row else "is not `ID GROUP` or `ID GROUP C K`"
                raise UserError(f"{file}, line {number}: '{line}' {problem}", "make it again as its first lines say")
            rows[row[1]] = MatrixRow(row[1], row[2], HALVES if row[3] else ())
    return Matrix(tuple(rows.values()), titles)


def claim_of(text: str, where: str) -> Claim:
    """Given `S-OPS-34` or, of a row with halves, `S-OPS-34/C`, and where it stands, return it. Raise UserError for other text."""
    match = _CLAIM.fullmatch(text)
    if not match:
        raise UserError(f"{where}: '{text}' is no row", "write S-OPS-34, or a half of a row: S-OPS-34/C, S-OPS-34/K")
    return Claim(match[1], cast(Half, match[2] or ""))


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


def refuse_wrong(matrix: Matrix, proofs: Iterable[Proof]) -> None:
    """Given the matrix and all proofs, raise UserError for the first that names a row the matrix does not have, or a wrong half."""
    known = {row.id: row for row in matrix.rows}
    for proof in proofs:
        claim, row = proof.claim, known.get(proof.claim.row)
        if not row:
            raise UserError(f"{proof.where}: the matrix has no row '{claim.row}'", "tests/matrix-ids.txt lists all ids")
        if row.halves and not claim.half:
            raise UserError(
                f"{proof.where}: row {claim} has two halves, say which one is asserted", f"write {claim}/C or {claim}/K"
            )
        if claim.half and not row.halves:
            raise UserError(f"{proof.where}: row {claim.row} has no halves in the matrix", f"write {claim.row}")


def row_states(matrix: Matrix, proofs: Sequence[Proof]) -> tuple[RowState, ...]:
    """Given the matrix and all proofs, return each row that something asserts with its outcome, in the order of the matrix."""
    by_row: dict[str, list[Proof]] = {}
    for proof in proofs:
        by_row.setdefault(proof.claim.row, []).append(proof)
    return tuple(_state(row, by_row[row.id]) for row in matrix.rows if row.id in by_row)


def count_groups(matrix: Matrix, states: Sequence[RowState]) -> tuple[GroupCount, ...]:
    """Given the matrix and the covered rows, return a count for each group."""
    counts = []
    for group in matrix.groups:
        outcomes = [s.outcome for s in states if s.group == group]
        total = sum(row.group == group for row in matrix.rows)
        passed, failed, not_run, in_half = (outcomes.count(o) for o in (PASSED, FAILED, NOT_RUN, IN_HALF))
        counts.append(GroupCount(group, matrix.titles.get(group, ""), passed, failed, not_run, in_half, total))
    return tuple(counts)


def in_group(group: str, wanted: str) -> bool:
    """Given a row's group and a wanted one, say whether it lies in it: `2.4` lies in `2.4` and in `2`."""
    return group == wanted or group.startswith(wanted + ".")


def lacking(states: Sequence[RowState], *, without_cluster: bool) -> tuple[RowState, ...]:
    """Given the rows, return those that a full run should have passed: all but those of which the repository claims one half.

    With `without_cluster` what only a cluster can say is not asked for. A failure counts everywhere.
    """
    excused = {state.id for state in states if without_cluster and state.waits_for_cluster}
    return tuple(s for s in states if s.outcome in (FAILED, NOT_RUN) and s.id not in excused)


def _state(row: MatrixRow, proofs: Sequence[Proof]) -> RowState:
    outcomes = {p.outcome for p in proofs}
    missing = tuple(half for half in row.halves if half not in {p.claim.half for p in proofs})
    worst = next((o for o in (FAILED, NOT_RUN) if o in outcomes), IN_HALF if missing else PASSED)
    return RowState(row.id, row.group, worst, tuple(proofs), missing)
