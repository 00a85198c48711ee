"""Build the images that are missing or out of date, and what they are built from.

Example: dm images build trino; dm images build --fresh
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(
    ctx: typer.Context,
    names: list[str] = typer.Argument(
        None, metavar="[NAME]...", help="Images to build. Default: all that services use."
    ),
    fresh: bool = typer.Option(
        False, "--fresh", help="Build all of it anew, from a new base with Debian's security updates of today."
    ),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.images import BuildProgress, print_built
    from datameesh_cli.usecases.build_images import Told, build_images

    with BuildProgress() as progress:
        built = build_images(adapters_for(ctx.obj), names or [], Told(progress.watch, progress.done), fresh=fresh)
    print_json(built) if output is Output.json else print_built(built)
