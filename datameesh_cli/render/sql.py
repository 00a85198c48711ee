"""Results of SQL as a table, CSV or JSON. CSV and JSON are written as the rows come, whatever their number."""

from __future__ import annotations

import csv
import enum
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from datameesh_cli.adapters import clock
from datameesh_cli.adapters.trino import Column, Running, Session
from datameesh_cli.errors import SqlError
from datameesh_cli.render.output import plain, print_line, print_table, say
from datameesh_cli.usecases.run_sql import NamedQuery, Script, placed

_NUMBERS = ("tinyint", "smallint", "integer", "bigint", "decimal", "double", "real")


class SqlOutput(str, enum.Enum):
    """What `dm sql --output` takes."""

    table = "table"
    csv = "csv"
    json = "json"


def run_script(session: Session, script: Script, output: SqlOutput, max_rows: int) -> None:
    """Given a session and statements, run each and print its result. Raise UserError, with the place, at the first refused one."""
    for statement in script.statements:
        began = clock.now()
        try:
            with session.run(statement.text) as running:
                _print_result(running, output, max_rows, began)
        except SqlError as refused:
            raise placed(refused, script, statement) from refused


def print_queries(queries: Sequence[NamedQuery]) -> None:
    """Given the named queries, print each with what it answers."""
    print_table(["query", "answers"], [("@" + q.name, q.about) for q in queries])
    print_line("run one: dm sql @<query>")


def _print_result(running: Running, output: SqlOutput, max_rows: int, began: float) -> None:
    columns = running.columns
    if running.kind or not columns:
        for _ in running.rows():
            pass
        changed = f": {running.changed} rows" if running.changed is not None else ""
        say(f"{running.kind or 'done'}{changed}, {clock.now() - began:.2f} s")
        return
    if output is SqlOutput.csv:
        _write_csv(columns, running.rows())
    elif output is SqlOutput.json:
        _write_json(columns, running.rows())
    else:
        _print_table(columns, running.rows(), max_rows, began)


def _print_table(columns: Sequence[Column], rows: Iterator[tuple[Any, ...]], max_rows: int, began: float) -> None:
    shown = list(islice(rows, max_rows or None))
    more = next(rows, None) is not None
    cells = [["NULL" if value is None else _text(value) for value in row] for row in shown]
    names = [column.name for column in columns]
    right = [column.name for column in columns if column.type.startswith(_NUMBERS)]
    print_table(names, cells, right=right)
    say(f"{len(shown)} row{'' if len(shown) == 1 else 's'}, {clock.now() - began:.2f} s")
    if more:
        say(f"there are more than these {max_rows}; all of them: --max-rows 0 or --output csv")


def _write_csv(columns: Sequence[Column], rows: Iterator[tuple[Any, ...]]) -> None:
    _keep_line_ends()
    writer = csv.writer(sys.stdout)
    writer.writerow([column.name for column in columns])
    for row in rows:
        writer.writerow(["" if value is None else _text(value) for value in row])
    sys.stdout.flush()


def _write_json(columns: Sequence[Column], rows: Iterator[tuple[Any, ...]]) -> None:
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
