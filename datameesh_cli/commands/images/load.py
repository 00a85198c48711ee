"""Read the images of a file that `dm images save` wrote, if it holds what it lists.

Example: dm images load bundle.tar
"""

from __future__ import annotations

from pathlib import Path

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(
    ctx: typer.Context,
    file: Path = typer.Argument(..., metavar="FILE", help="The bundle: one tar file."),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.images import print_bundle
    from datameesh_cli.usecases.carry_images import load_images

    bundle = load_images(adapters_for(ctx.obj), file)
    print_json(bundle) if output is Output.json else print_bundle(bundle, "loaded")
