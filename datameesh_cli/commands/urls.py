"""Show where everything is, who logs in, and what one can do there.

Example: dm urls
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(ctx: typer.Context, output: Output = OUTPUT) -> None:
    from datameesh_cli.render.stack import print_places
    from datameesh_cli.usecases.show_status import list_places

    places = list_places(adapters_for(ctx.obj))
    print_json(places) if output is Output.json else print_places(places)
