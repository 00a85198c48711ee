"""`dm images`."""

from __future__ import annotations

from pathlib import Path

import typer

from datameesh_cli.adapters.outside import outside
from datameesh_cli.render.output import OUTPUT, Output, print_json

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
_FILE = typer.Argument(..., metavar="FILE", help="The bundle: one tar file.")


@app.callback()
def images() -> None:
    """Build, list, save and load the images.

    Example: dm images build; dm images save bundle.tar
    """


@app.command()
def build(
    ctx: typer.Context,
    names: list[str] = typer.Argument(
        None, metavar="[NAME]...", help="Images to build. Default: all that services use."
    ),
    fresh: bool = typer.Option(
        False, "--fresh", help="Build all of it anew, from a new base with Debian's security updates of today."
    ),
    output: Output = OUTPUT,
) -> None:
    """Build the images that are missing or out of date, and what they are built from.

    Example: dm images build trino; dm images build --fresh
    """
    from datameesh_cli.render.images import BuildProgress, print_built
    from datameesh_cli.usecases.build_images import Told, build_images

    with BuildProgress() as progress:
        built = build_images(outside(ctx.obj), names or [], Told(progress.watch, progress.done), fresh=fresh)
    print_json(built) if output is Output.json else print_built(built)


@app.command("list")
def list_(ctx: typer.Context, output: Output = OUTPUT) -> None:
    """List every image: its size, what it is built from, and whether it is up to date.

    Example: dm images list
    """
    from datameesh_cli.render.images import print_images
    from datameesh_cli.usecases.build_images import list_images

    rows = list_images(outside(ctx.obj))
    print_json(rows) if output is Output.json else print_images(rows)


@app.command()
def save(ctx: typer.Context, file: Path = _FILE, output: Output = OUTPUT) -> None:
    """Write all images that services use into one file, for a machine without a network.

    Example: dm images save bundle.tar
    """
    from datameesh_cli.render.images import print_bundle
    from datameesh_cli.usecases.carry_images import save_images

    bundle = save_images(outside(ctx.obj), file)
    print_json(bundle) if output is Output.json else print_bundle(bundle, "wrote")


@app.command()
def load(ctx: typer.Context, file: Path = _FILE, output: Output = OUTPUT) -> None:
    """Read the images of a file that `dm images save` wrote, if it holds what it lists.

    Example: dm images load bundle.tar
    """
    from datameesh_cli.render.images import print_bundle
    from datameesh_cli.usecases.carry_images import load_images

    bundle = load_images(outside(ctx.obj), file)
    print_json(bundle) if output is Output.json else print_bundle(bundle, "loaded")
