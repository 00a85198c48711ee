"""Show or set the mode: governed (roles decide; the default) or academic (every person may do everything).

Example: dm security mode; dm security mode academic
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(
    ctx: typer.Context,
    mode: str = typer.Argument("", help="governed or academic. Default: show which it is."),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.people import print_mode
    from datameesh_cli.usecases.set_mode import set_mode, show_mode

    adapters = adapters_for(ctx.obj)
    found = set_mode(adapters, mode) if mode else show_mode(adapters)
    print_json(found) if output is Output.json else print_mode(found)
