"""Show the generated logins of this stack, or one of them bare.

Example: dm credentials minio-secret-key
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.errors import UserError
from datameesh_cli.render.output import OUTPUT, Output, print_json
from datameesh_cli.render.where import CONTEXT, WHERE, Where, cluster_of


def command(
    ctx: typer.Context,
    name: str = typer.Argument("", help="Print only this secret's value."),
    on: Where = WHERE,
    context: str | None = CONTEXT,
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.stack import print_credentials
    from datameesh_cli.usecases.show_status import list_credentials

    cluster = cluster_of(on, context)
    found = list_credentials(adapters_for(ctx.obj), cluster)
    chosen = [c for c in found if not name or c.name == name]
    if not chosen:
        raise UserError(
            f"there is no secret '{name}'" if name else "no secrets exist yet",
            "see: dm credentials; they are made by: dm up" + (", dm k8s apply" if cluster else ""),
        )
    print_json(chosen) if output is Output.json else print_credentials(chosen)
