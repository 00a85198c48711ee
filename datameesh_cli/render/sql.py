"""Results of SQL as a table, CSV or JSON. CSV and JSON are written as the rows come, whatever their number."""

from __future__ import annotations

import csv
import enum
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from datameesh_cli.errors import DmError
from datameesh_cli.render.output import plain, print_line, print_table, report
from datameesh_cli.usecases.run_sql import NamedQuery

if TYPE_CHECKING:
    from datameesh_cli.adapters.trino import ResultColumn, Running

_NUMBERS = ("tinyint", "smallint", "integer", "bigint", "decimal", "double", "real")


HELP = """A statement ends with ';' and may span lines. Ctrl-C ends the running statement, Ctrl-D or \\q the session.
  \\d          the tables here (USE catalog.schema; changes where that is), or the catalogs
  \\d NAME     the columns of a table
  \\l          the named queries; @NAME runs one
  \\?          this help"""


class SqlOutput(str, enum.Enum):
    """What `dm sql --output` takes."""

    table = "table"
    csv = "csv"
    json = "json"


def print_queries(queries: Sequence[NamedQuery]) -> None:
    """Given the named queries, print each with what it answers."""
    print_table(["query", "answers"], [("@" + q.name, q.about) for q in queries])
    print_line("run one: dm sql @<query>")


def print_result(running: Running, elapsed: Callable[[], float], output: SqlOutput, max_rows: int) -> None:
    """Given a statement that runs and what tells its seconds, print what it gives."""
    columns = running.columns
    if running.kind or not columns:
        for _ in running.rows():
            pass
        changed = f": {running.changed} rows" if running.changed is not None else ""
        report(f"{running.kind or 'done'}{changed}, {elapsed():.2f} s")
        return
    if output is SqlOutput.csv:
        _write_csv(columns, running.rows())
    elif output is SqlOutput.json:
        _write_json(columns, running.rows())
    else:
        _print_table(columns, running.rows(), max_rows, elapsed)


def _print_table(
    columns: Sequence[ResultColumn], rows: Iterator[tuple[Any, ...]], max_rows: int, elapsed: Callable[[], float]
) -> None:
    shown = list(islice(rows, max_rows or None))
    more = next(rows, None) is not None
    cells = [["NULL" if value is None else _text(value) for value in row] for row in shown]
    names = [column.name for column in columns]
    right = [column.name for column in columns if column.type.startswith(_NUMBERS)]
    print_table(names, cells, right=right)
    report(f"{len(shown)} row{'' if len(shown) == 1 else 's'}, {elapsed():.2f} s")
    if more:
        report(f"there are more than these {max_rows}; all of them: --max-rows 0 or --output csv")


def _write_csv(columns: Sequence[ResultColumn], rows: Iterator[tuple[Any, ...]]) -> None:
    _keep_line_ends()
    writer = csv.writer(sys.stdout)
    writer.writerow([column.name for column in columns])
    for row in rows:
        writer.writerow(["" if value is None else _text(value) for value in row])
    sys.stdout.flush()


def _write_json(columns: Sequence[ResultColumn], rows: Iterator[tuple[Any, ...]]) -> None:
    names = [column.name for column in columns]
    separator = "[\n"
    for row in rows:
        record = json.dumps(plain(dict(zip(names, row, strict=True))), ensure_ascii=False)
        sys.stdout.write(f"{separator} {record}")
        separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[\n" else "\n]\n")
    sys.stdout.flush()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(plain(value), ensure_ascii=False)
    return str(plain(value))


def _keep_line_ends() -> None:
    """CSV ends its lines with CR LF by itself; the stream must not change that."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure:
        reconfigure(newline="")


@dataclass(frozen=True, slots=True)
class SqlScreen:
    """The screen of a conversation."""

    output: SqlOutput
    max_rows: int

    def __post_init__(self) -> None:
        report("DataMeesh SQL through Trino. \\? for help, \\q to leave.")

    def show(self, running: Running, elapsed: Callable[[], float]) -> None:
        """Print a statement's result."""
        print_result(running, elapsed, self.output, self.max_rows)

    def queries(self, queries: Sequence[NamedQuery]) -> None:
        """Print the named queries."""
        print_queries(queries)

    def help(self) -> None:
        """Print the short commands."""
        report(HELP)

    def refused(self, error: DmError) -> None:
        """Print what went wrong."""
        report(f"error: {error.message}" + (f"\nhint: {error.hint}" if error.hint else ""))

    def ended(self, *, typing: bool) -> None:
        """Say what Ctrl-C ended."""
        report("" if typing else "\nthe statement was ended")
