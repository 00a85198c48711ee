"""Show the SQL statements that were asked, also refused ones: by whom, of which tables, what came of them.

Example: dm audit queries --user alex --since 1h
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json
from datameesh_cli.render.where import CONTEXT, WHERE, Where, cluster_of


def command(
    ctx: typer.Context,
    user: str = typer.Option("", "--user", help="Only this person's, or program's. Default: all but health checks."),
    since: str = typer.Option("1h", "--since", help="How far back: 90s, 15m, 1h, 7d."),
    limit: int = typer.Option(100, "--limit", min=1, help="The newest so many."),
    on: Where = WHERE,
    context: str | None = CONTEXT,
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.trail import print_trail
    from datameesh_cli.usecases.read_trail import TrailRequest, read_trail

    trail = read_trail(adapters_for(ctx.obj), TrailRequest(user, since, limit), cluster_of(on, context))
    print_json(trail) if output is Output.json else print_trail(trail)
