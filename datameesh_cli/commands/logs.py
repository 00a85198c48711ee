"""Print or follow the logs of services.

Example: dm logs -f trino-coordinator
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters import process
from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.errors import HostError


def command(
    ctx: typer.Context,
    services: list[str] = typer.Argument(None, help="Services; all if none is named."),
    follow: bool = typer.Option(False, "--follow", "-f", help="Go on as new lines come."),
    tail: int = typer.Option(100, "--tail", min=0, help="Lines from the end, for each container."),
) -> None:
    adapters = adapters_for(ctx.obj)
    model = adapters.repository.model()
    names = [model.service(name).name for name in services or []]
    code = process.attach(adapters.compose.logs_command(names, follow=follow, tail=tail))
    if 0 < code < 128:
        raise HostError(f"docker could not print the logs (its exit code {code})", "see: dm status, dm doctor")
    raise typer.Exit(code)
