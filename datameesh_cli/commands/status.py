"""Show what runs, how well, and within which limits.

Exit code 4 when something that should run is not well.

Example: dm status --usage
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.errors import UnhealthyError
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(
    ctx: typer.Context,
    usage: bool = typer.Option(False, "--usage", help="Also measure the memory in use (about two seconds)."),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.stack import print_status
    from datameesh_cli.usecases.show_status import show_status

    result = show_status(adapters_for(ctx.obj), usage=usage)
    print_json(result) if output is Output.json else print_status(result)
    if result.running and not result.healthy:
        bad = next(s for s in result.services if not s.ok)
        raise UnhealthyError(f"{bad.service} is {bad.state}", f"see: dm why {bad.service}")
