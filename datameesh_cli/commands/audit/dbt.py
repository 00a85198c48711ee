"""Show what dbt built and tested, who ran it, and what came of it.

Its statements are in: dm audit queries --user dbt

Example: dm audit dbt --since 1d
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(
    ctx: typer.Context,
    user: str = typer.Option("", "--user", help="Only what this account of the machine ran."),
    since: str = typer.Option("1d", "--since", help="How far back: 90s, 15m, 1h, 7d."),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.trail import print_dbt
    from datameesh_cli.usecases.read_logs import read_dbt

    found = read_dbt(adapters_for(ctx.obj), user, since)
    print_json(found) if output is Output.json else print_dbt(found)
