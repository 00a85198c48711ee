"""Whether what was observed is what a check expects, and if not, in which point."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any


@dataclass(frozen=True, slots=True)
class Observation:
    """What came back: a table, or an exit code or HTTP status with text, or the error of a statement that was refused."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    exit: int | None = None
    status: int | None = None
    text: str = ""
    error: str = ""


def complaints(expect: Mapping[str, Any], seen: Observation, seconds: float) -> tuple[str, ...]:
    """Given what is expected, what was observed and how long it took, return what is wrong, one text a point; none if all is well.

    Not expected in so many words, and wrong all the same: a statement that fails, an exit code that is not 0, a status from 400.
    """
    if "error" in expect:
        found = _error_complaint(str(expect["error"]), seen)
    elif seen.error:
        found = [f"failed: {seen.error}"]
    else:
        found = [c for key, value in expect.items() if (c := _complaint(key, value, seen))]
        if "exit" not in expect and seen.exit:
            found.append(f"exit code {seen.exit}: {_short(seen.text.strip())}")
        if "status" not in expect and (seen.status or 0) >= 400:
            found.append(f"status {seen.status}: {_short(seen.text)}")
    limit = expect.get("max_seconds")
    if limit is not None and seconds > limit:
        found.append(f"took {seconds:.2f} s, at most {limit} s expected")
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


def _complaint(key: str, value: Any, seen: Observation) -> str:
    if key == "rows":
        return _rows_complaint(value, seen.rows)
    if key == "rows_unordered":
        return _unordered_complaint(value, seen.rows)
    if key == "scalar":
        if len(seen.rows) != 1 or len(seen.rows[0]) != 1:
            return f"expected one value, {value!r}, got {_table(seen.rows)}"
        found = seen.rows[0][0]
        return "" if same(value, found) else f"expected {value!r}, got {_cell(found)}"
    if key in ("contains", "not_contains"):
        return _contains_complaint(value, seen, wanted=key == "contains")
    if key == "row_count":
        return "" if len(seen.rows) == value else f"expected {value} rows, got {len(seen.rows)}"
    if key in ("columns", "first_columns"):
        found = seen.columns[: len(value)] if key == "first_columns" else seen.columns
        return (
            ""
            if list(found) == value
            else f"expected columns {', '.join(map(str, value))}; got {', '.join(seen.columns)}"
        )
    if key == "status":
        return "" if seen.status == value else f"expected status {value}, got {seen.status}: {_short(seen.text)}"
    if key == "exit":
        return "" if seen.exit == value else f"expected exit code {value}, got {seen.exit}: {_short(seen.text.strip())}"
    if key == "one_address":
        addresses = sorted({str(row[1]) for row in seen.rows})
        return "" if (len(addresses) == 1) == bool(value) else f"addresses: {', '.join(addresses) or 'none'}"
    return ""


def _error_complaint(wanted: str, seen: Observation) -> list[str]:
    if not seen.error:
        return [f"should have been refused with '{wanted}', but succeeded: {_table(seen.rows)}"]
    return [] if wanted.lower() in seen.error.lower() else [f"expected the error '{wanted}', got: {seen.error}"]


def _rows_complaint(expected: Sequence[Sequence[Any]], found: Sequence[Sequence[Any]]) -> str:
    for number, (wanted, row) in enumerate(zip(expected, found, strict=False), start=1):
        if not _same_row(wanted, row):
            return f"row {number}: expected {_row(wanted)}, got {_row(row)}"
    if len(expected) != len(found):
        return f"expected {len(expected)} rows, got {len(found)}: {_table(found)}"
    return ""


def _unordered_complaint(expected: Sequence[Sequence[Any]], found: Sequence[Sequence[Any]]) -> str:
    left = list(found)
    for wanted in expected:
        match = next((row for row in left if _same_row(wanted, row)), None)
        if match is None:
            return f"missing row {_row(wanted)} in {_table(found)}"
        left.remove(match)
    return f"{len(left)} more rows than expected: {_table(left)}" if left else ""


def _contains_complaint(value: Any, seen: Observation, *, wanted: bool) -> str:
    """A list inside the list is a whole row; anything else is looked for inside the cells, or in the text."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, list):
            there = any(_same_row(item, row) for row in seen.rows)
        else:
            cells = [str(text_of(cell)) for row in seen.rows for cell in row]
            there = any(str(item) in text for text in [*cells, seen.text])
        if there is not wanted:
            shown = _table(seen.rows) if seen.rows else _short(seen.text.strip()) or "nothing"
            return f"{'does not contain' if wanted else 'contains'} {item!r}: {shown}"
    return ""


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
    return _short("(" + ", ".join(_cell(v) for v in row) + ")")


def _table(rows: Sequence[Sequence[Any]]) -> str:
    return (
        _short(" ".join(_row(row) for row in rows[:5]) + (f" ... {len(rows)} rows" if len(rows) > 5 else ""))
        or "no rows"
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 240 else line[:237] + "..."


def listed(run: Generator[str, None, int]) -> Observation:
    """Given a run that yields lines and returns its exit code, return both as an observation."""
    lines = []
    while True:
        try:
            lines.append(next(run))
        except StopIteration as end:
            return Observation(exit=int(end.value), text="\n".join(lines))
