"""Open a shell inside a service's container, or run a command there; its exit code is ours.

Example: dm shell sales-db psql -U admin sales_db
"""

from __future__ import annotations

import sys

import typer

from datameesh_cli.adapters import process
from datameesh_cli.adapters.adapters import adapters_for

SETTINGS = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def command(
    ctx: typer.Context,
    service: str = typer.Argument(..., help="The service."),
    command: list[str] = typer.Argument(None, help="A command to run instead of a shell."),
) -> None:
    adapters = adapters_for(ctx.obj)
    name = adapters.repository.model().service(service).name
    raise typer.Exit(
        process.attach(adapters.compose.exec_command(name, command or ["sh"], terminal=sys.stdin.isatty()))
    )
