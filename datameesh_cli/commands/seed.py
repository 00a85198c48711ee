"""Load a data set into the domains' databases and its share into the lake.

What is loaded already is left alone.

Rows that somebody added or changed since are never lost without --force.

Example: dm seed --set journey
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json, report
from datameesh_cli.render.where import CONTEXT, WHERE, Where, cluster_of


def command(
    ctx: typer.Context,
    set_name: str = typer.Option("small", "--set", help="Which data set: small, flow, journey, pushdown (see --list)."),
    scale: int = typer.Option(1, "--scale", help="Load set small (or pushdown) this many times over."),
    force: bool = typer.Option(
        False, "--force", help="Load even what is loaded already, and lose rows that were changed or added since."
    ),
    no_lake: bool = typer.Option(False, "--no-lake", help="Leave the lake as it is."),
    listing: bool = typer.Option(False, "--list", help="List the sets and what is loaded now; change nothing."),
    on: Where = WHERE,
    context: str | None = CONTEXT,
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.seed import SeedProgress, print_holdings, print_seeded
    from datameesh_cli.usecases.seed_data import SeedRequest, list_sets, seed_data

    adapters = adapters_for(ctx.obj)
    cluster = cluster_of(on, context)
    if listing:
        holdings = list_sets(adapters, cluster)
        print_json(holdings) if output is Output.json else print_holdings(holdings)
        return
    with SeedProgress() as progress:
        seeded = seed_data(adapters, SeedRequest(set_name, scale, force, not no_lake), progress.show, report, cluster)
    print_json(seeded) if output is Output.json else print_seeded(seeded)
