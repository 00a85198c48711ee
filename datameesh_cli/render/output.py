"""How a result reaches the user: as a table for people or as JSON for programs."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer


class Output(str, enum.Enum):
    """What `--output` takes."""

    table = "table"
    json = "json"


OUTPUT = typer.Option(Output.table, "--output", "-o", help="table for people, json for programs.")


def print_json(result: Any) -> None:
    """Given a result, print it as one JSON document."""
    typer.echo(json.dumps(plain(result), indent=2, ensure_ascii=False))


def plain(value: Any) -> Any:
    """Given a result, return it as dicts, lists, text and numbers; decimals, dates and paths become text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    if isinstance(value, (decimal.Decimal, datetime.date, datetime.time, datetime.timedelta, Path)):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    return value


def report(line: str = "") -> None:
    """Print one line of progress or advice. It goes to standard error, so that standard output holds only the result; a warning is
    yellow on a terminal."""
    typer.secho(line, err=True, fg="yellow" if line.startswith("warning: ") else None)


def print_line(line: str = "") -> None:
    """Print one line of the result."""
    typer.echo(line)


def warn(line: str) -> None:
    """Given what must not be overlooked, print it in yellow on standard error; nothing for ""."""
    if line:
        typer.secho(line, err=True, fg=typer.colors.YELLOW)


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str = "", right: Sequence[str] = ()
) -> None:
    """Given column names and rows, print them as a table; `right` names the columns aligned to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    # Output that goes into a file or a pipe must not be cut at the width of a terminal that is not there.
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False, markup=False)
    console.print(table)
