"""`dm logs`."""

from __future__ import annotations

import typer

from datameesh_cli.adapters import process
from datameesh_cli.adapters.outside import outside

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def logs(
    ctx: typer.Context,
    services: list[str] = typer.Argument(None, help="Services; all if none is named."),
    follow: bool = typer.Option(False, "--follow", "-f", help="Go on as new lines come."),
    tail: int = typer.Option(100, "--tail", min=0, help="Lines from the end, for each container."),
) -> None:
    """Print or follow the logs of services.

    Example: dm logs -f trino-coordinator
    """
    world = outside(ctx.obj)
    model = world.repository.model()
    names = [model.service(name).name for name in services or []]
    raise typer.Exit(process.attach(world.compose.logs_command(names, follow=follow, tail=tail)))
