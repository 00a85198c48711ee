"""List every image: its size, what it is built from, and whether it is up to date.

Example: dm images list
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(ctx: typer.Context, output: Output = OUTPUT) -> None:
    from datameesh_cli.render.images import print_images
    from datameesh_cli.usecases.build_images import list_images

    rows = list_images(adapters_for(ctx.obj))
    print_json(rows) if output is Output.json else print_images(rows)
