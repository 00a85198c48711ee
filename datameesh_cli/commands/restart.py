"""Stop and start services, and wait until the stack works again.

Example: dm restart trino-coordinator
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json, report


def command(
    ctx: typer.Context,
    services: list[str] = typer.Argument(None, help="Services to restart; all if none is named."),
    wait_timeout: float = typer.Option(
        300, "--wait-timeout", min=1, help="Seconds to wait until everything is healthy."
    ),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.stack import StartProgress, print_started
    from datameesh_cli.usecases.start_profile import StartRequest, start_profile
    from datameesh_cli.usecases.stop_stack import restart_services

    adapters = adapters_for(ctx.obj)
    restart_services(adapters, services or [])
    with StartProgress() as progress:
        started = start_profile(adapters, StartRequest(timeout=wait_timeout), progress.show, report)
    print_json(started) if output is Output.json else print_started(started)
