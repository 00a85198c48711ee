"""Run SQL across the domains through Trino.

Exit code 2 for SQL that Trino refuses.

Example: dm sql "SELECT count(*) FROM sales.public.customers"; dm sql @journey --output csv
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.errors import UserError
from datameesh_cli.render.sql import SqlOutput


def command(
    ctx: typer.Context,
    statement: str = typer.Argument(
        "", help="SQL, or @name for a named query. None: a file, standard input, or a conversation."
    ),
    file: str = typer.Option("", "--file", "-f", help="Run the statements of a file; - is standard input."),
    catalog: str = typer.Option("", "--catalog", help="Catalog of unqualified names. Default: sales, schema public."),
    schema: str = typer.Option("", "--schema", help="Schema of unqualified names."),
    user: str = typer.Option("admin", "--as", "--user", help="Who asks; each signs in with a password of their own."),
    output: SqlOutput = typer.Option(SqlOutput.table, "--output", "-o", help="table for people; csv and json stream."),
    max_rows: int = typer.Option(1000, "--max-rows", min=0, help="Rows that a table shows; 0 for all."),
    queries: bool = typer.Option(False, "--list", help="List the named queries."),
) -> None:
    from datameesh_cli.render.sql import SqlScreen, print_queries, print_result
    from datameesh_cli.usecases.converse_sql import converse
    from datameesh_cli.usecases.run_sql import file_script, named_queries, open_session, run_script, script_of

    adapters = adapters_for(ctx.obj)
    if queries:
        print_queries(named_queries(adapters))
        return
    if statement and file:
        raise UserError("a statement and --file are both given", "give one of them")
    if not statement and not file and sys.stdin.isatty():
        session = open_session(adapters, user, catalog, schema)
        converse(adapters, session, SqlScreen(output, max_rows), adapters.state.folder / "sql_history")
        return
    if statement:
        script = script_of(adapters, statement)
    elif file not in ("", "-"):
        script = file_script(adapters, Path(file))
    else:
        script = script_of(adapters, _typed(), "standard input")
    show = partial(print_result, output=output, max_rows=max_rows)
    run_script(adapters, open_session(adapters, user, catalog, schema), script, show)


def _typed() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as broken:
        raise UserError("standard input is not UTF-8 text", "save it as UTF-8") from broken
