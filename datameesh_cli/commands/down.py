"""`dm down`."""

from __future__ import annotations

import typer

from datameesh_cli.adapters.outside import outside
from datameesh_cli.errors import UserError
from datameesh_cli.render.output import OUTPUT, Output, print_json

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def down(
    ctx: typer.Context,
    volumes: bool = typer.Option(False, "--volumes", help="Also remove the data and the generated secrets."),
    namespace: str | None = typer.Option(
        None, "--namespace", help="Only what lives in this one; `dm up` brings it back."
    ),
    output: Output = OUTPUT,
) -> None:
    """Stop the stack and remove its containers and network; the data stays.

    Example: dm down
    """
    from datameesh_cli.render.stack import print_stopped
    from datameesh_cli.usecases.stop_stack import stop_namespace, stop_stack

    if namespace and volumes:
        raise UserError("--volumes means the data of every namespace", "leave out --namespace, or --volumes")
    world = outside(ctx.obj)
    stopped = stop_namespace(world, namespace) if namespace else stop_stack(world, volumes=volumes)
    print_json(stopped) if output is Output.json else print_stopped(stopped)
