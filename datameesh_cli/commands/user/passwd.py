"""Give a person a new password for all tools: a drawn one, or with --stdin one of 12 characters or more.

Example: dm user passwd dana; dm user passwd dana --stdin < password
"""

from __future__ import annotations

import sys

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(
    ctx: typer.Context,
    name: str = typer.Argument(..., help="Whose: see dm user list."),
    stdin: bool = typer.Option(
        False, "--stdin", help="Read it from standard input, where no list of processes shows it."
    ),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.people import print_changed
    from datameesh_cli.usecases.change_people import set_password

    typed = sys.stdin.readline().rstrip("\r\n") if stdin else None
    changed = set_password(adapters_for(ctx.obj), name, typed)
    print_json(changed) if output is Output.json else print_changed(changed)
