"""Tell what a service is for, what it needs, who needs it, and what is wrong with it.

Example: dm why hive-metastore
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(
    ctx: typer.Context, service: str = typer.Argument(..., help="The service."), output: Output = OUTPUT
) -> None:
    from datameesh_cli.render.stack import print_reason
    from datameesh_cli.usecases.show_status import explain_service

    reason = explain_service(adapters_for(ctx.obj), service)
    print_json(reason) if output is Output.json else print_reason(reason)
