"""Show who signed in, or tried to, at the sign-in service, and who was refused by databases and the SQL engine.

Whom the engine let in is in: dm audit queries

Example: dm audit access --user alex --since 7d
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json
from datameesh_cli.render.where import CONTEXT, WHERE, Where, cluster_of


def command(
    ctx: typer.Context,
    user: str = typer.Option("", "--user", help="Only this person's, or program's."),
    since: str = typer.Option("1h", "--since", help="How far back: 90s, 15m, 1h, 7d."),
    on: Where = WHERE,
    context: str | None = CONTEXT,
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.trail import print_happenings
    from datameesh_cli.usecases.read_logs import read_access

    found = read_access(adapters_for(ctx.obj), user, since, cluster_of(on, context))
    print_json(found) if output is Output.json else print_happenings(found)
