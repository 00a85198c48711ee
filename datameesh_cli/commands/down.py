"""`dm down`."""

from __future__ import annotations

import typer

from datameesh_cli.adapters.outside import outside
from datameesh_cli.render.output import OUTPUT, Output, print_json

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def down(
    ctx: typer.Context,
    volumes: bool = typer.Option(False, "--volumes", help="Also remove the data and the generated secrets."),
    output: Output = OUTPUT,
) -> None:
    """Stop the stack and remove its containers and network; the data stays.

    Example: dm down
    """
    from datameesh_cli.render.stack import print_stopped
    from datameesh_cli.usecases.stop_stack import stop_stack

    stopped = stop_stack(outside(ctx.obj), volumes=volumes)
    print_json(stopped) if output is Output.json else print_stopped(stopped)
