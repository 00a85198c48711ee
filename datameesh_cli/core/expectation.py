"""Whether what was observed is what a check expects, and if not, in which point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, ClassVar

from datameesh_cli.core.schema import Number, Text, Whole, Wrong, declared, key

Judge = Callable[[Any, "Answer"], str]
"""Given what is expected and the answer, says what is wrong, "" if nothing is."""
Row = list[Any]
Scalar = str | int | float | bool
Wanted = Scalar | list[Scalar | Row]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a table, or an exit code or HTTP status with text, or the error of what was refused."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    exit: int | None = None
    status: int | None = None
    text: str = ""
    error: str = ""


@declared
class Expect:
    """What a check expects; `judges` has the judge of each expectation. Not written means not judged."""

    judges: ClassVar[dict[str, Judge]] = {}

    max_seconds: Number = key("The longest that it may take; of a repeated check the median counts.", default=None)

    def __post_init__(self) -> None:
        if not self.said:
            raise Wrong("a check that expects nothing cannot fail", "write expect: {rows: [[1]]}")
        for name in ("contains", "not_contains", "error"):
            if self.said.get(name) in ("", []):
                raise Wrong(f"`{name}` is empty: every answer would do", f"write {name}: ok")

    @property
    def said(self) -> Mapping[str, Any]:
        """What is written, by its key."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}

    def complaints(self, seen: Answer, seconds: float) -> tuple[str, ...]:
        """Given what was observed and how long it took, return what is wrong, one text a point; none if all is well.

        Wrong without a word of it: a statement that fails, an exit code that is not 0, a status from 400.
        """
        said = self.said
        if "error" in said:
            found = _error_complaint(said["error"], seen)
        elif seen.error:
            found = [f"failed: {seen.error}"]
        else:
            found = [c for name, judge in self.judges.items() if name in said and (c := judge(said[name], seen))]
            if "exit" not in said and seen.exit:
                found.append(f"exit code {seen.exit}: {short(seen.text.strip())}")
            if "status" not in said and (seen.status or 0) >= 400:
                found.append(f"status {seen.status}: {short(seen.text)}")
        if self.max_seconds is not None and seconds > self.max_seconds:
            found.append(f"took {seconds:.2f} s, at most {self.max_seconds} s expected")
        return tuple(found)


def text_of(value: Any) -> str | None:
    """Given a value as a database client or YAML gives it, return it as text for comparison; NULL stays None.

    Dates are ISO with a space before the time; numbers carry no zeros that say nothing; truth is `true` or `false`.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return _number(Decimal(repr(value)) if isinstance(value, float) else Decimal(value))
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(str(text_of(v)) for v in value) + "]"
    return str(value)


def same(expected: Any, found: Any) -> bool:
    """Given an expected and a found value, say whether they are the same.

    Two numbers are the same if their values are, whatever their types and trailing zeros; anything else if its text is.
    """
    if expected is None or found is None:
        return expected is None and found is None
    if isinstance(expected, bool):
        return str(found).lower() in (("true", "t") if expected else ("false", "f"))
    if isinstance(expected, (int, float)):
        return text_of(expected) == text_of(_as_number(found))
    if isinstance(found, (int, float, Decimal)) and not isinstance(found, bool):
        return text_of(_as_number(expected)) == text_of(found)
    return text_of(expected) == text_of(found)


def _error_complaint(wanted: str, seen: Answer) -> list[str]:
    if not seen.error:
        return [f"should have been refused with '{wanted}', but succeeded: {_table(seen.rows)}"]
    return [] if wanted.lower() in seen.error.lower() else [f"expected the error '{wanted}', got: {seen.error}"]


def _rows(expected: Sequence[Row], seen: Answer) -> str:
    for number, (wanted, row) in enumerate(zip(expected, seen.rows, strict=False), start=1):
        if not _same_row(wanted, row):
            return f"row {number}: expected {_row(wanted)}, got {_row(row)}"
    if len(expected) != len(seen.rows):
        return f"expected {len(expected)} rows, got {len(seen.rows)}: {_table(seen.rows)}"
    return ""


def _rows_unordered(expected: Sequence[Row], seen: Answer) -> str:
    left = list(seen.rows)
    for wanted in expected:
        match = next((row for row in left if _same_row(wanted, row)), None)
        if match is None:
            return f"missing row {_row(wanted)} in {_table(seen.rows)}"
        left.remove(match)
    return f"{len(left)} more rows than expected: {_table(left)}" if left else ""


def _row_count(expected: int, seen: Answer) -> str:
    return "" if len(seen.rows) == expected else f"expected {expected} rows, got {len(seen.rows)}"


def _scalar(expected: Any, seen: Answer) -> str:
    if len(seen.rows) != 1 or len(seen.rows[0]) != 1:
        return f"expected one value, {expected!r}, got {_table(seen.rows)}"
    found = seen.rows[0][0]
    return "" if same(expected, found) else f"expected {expected!r}, got {_cell(found)}"


def _columns(expected: Row, seen: Answer, *, first: bool = False) -> str:
    if list(seen.columns[: len(expected)] if first else seen.columns) == expected:
        return ""
    return f"expected columns {', '.join(map(str, expected))}; got {', '.join(seen.columns)}"


def _contains(wanted: Any, seen: Answer, *, there: bool = True) -> str:
    """A list inside the list is a whole row; anything else is looked for inside the cells, or in the text."""
    for item in each_of(wanted):
        if isinstance(item, list):
            found = any(_same_row(item, row) for row in seen.rows)
        else:
            cells = [str(text_of(cell)) for row in seen.rows for cell in row]
            found = any(str(item) in text for text in [*cells, seen.text])
        if found is not there:
            shown = _table(seen.rows) if seen.rows else short(seen.text.strip()) or "nothing"
            return f"{'does not contain' if there else 'contains'} {item!r}: {shown}"
    return ""


def _exit(expected: int, seen: Answer) -> str:
    said = short(seen.text.strip())
    return "" if seen.exit == expected else f"expected exit code {expected}, got {seen.exit}: {said}"


def _same_row(expected: Sequence[Any], found: Sequence[Any]) -> bool:
    return len(expected) == len(found) and all(same(e, f) for e, f in zip(expected, found, strict=True))


def _as_number(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return Decimal(value)
        except InvalidOperation:
            return value
    return value


def _number(value: Decimal) -> str:
    if not value.is_finite():
        return str(value)
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _cell(value: Any) -> str:
    return "NULL" if value is None else repr(value) if isinstance(value, str) else str(text_of(value))


def _row(row: Sequence[Any]) -> str:
    return short("(" + ", ".join(_cell(v) for v in row) + ")")


def _table(rows: Sequence[Sequence[Any]]) -> str:
    return (
        short(" ".join(_row(row) for row in rows[:5]) + (f" ... {len(rows)} rows" if len(rows) > 5 else ""))
        or "no rows"
    )


def short(text: str) -> str:
    """Given what came back, return it as one line that fits into a complaint."""
    line = " ".join(text.split())
    return line if len(line) <= 240 else line[:237] + "..."


def each_of(value: Any) -> Sequence[Any]:
    """Given one thing or a list of them, return a list."""
    return value if isinstance(value, (list, tuple)) else [value]


@declared
class OfText(Expect):
    """What can be expected of everything that is text, or cells of text."""

    judges: ClassVar[dict[str, Judge]] = {"contains": _contains, "not_contains": partial(_contains, there=False)}

    contains: Wanted = key("A text, or a list; a list in the list is a whole row.", default=None, example=["ok"])
    not_contains: Wanted = key("The same, and none of it may be there.", default=None, example=["wrong"])


@declared
class OfProgram(OfText):
    """What can be expected of a command."""

    judges = {"exit": _exit} | OfText.judges

    exit: Whole = key("The exit code; without it 0.", default=None, example=0)


@declared
class OfRows(OfText):
    """What can be expected of rows."""

    judges = OfText.judges | {
        "rows": _rows,
        "rows_unordered": _rows_unordered,
        "row_count": _row_count,
    }

    rows: list[Row] = key("These rows in this order, and no other.", default=None, example=[[1, "Alice"]])
    rows_unordered: list[Row] = key("These rows in any order, and no other.", default=None, example=[[1, "Alice"]])
    row_count: Whole = key("So many rows.", default=None, example=3)


@declared
class OfTable(OfRows):
    """What can be expected of a statement's result."""

    judges = OfRows.judges | {
        "scalar": _scalar,
        "columns": _columns,
        "first_columns": partial(_columns, first=True),
    }

    scalar: Any = key("The one value.", default=None, example=42)
    columns: list[str] = key("The names of the columns.", default=None, example=["customer_id", "email"])
    first_columns: list[str] = key("The names of the first columns.", default=None, example=["customer_id"])
    error: Text = key("The statement must be refused, and say so.", default=None, example="Access Denied")
