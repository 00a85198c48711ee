"""Stop the stack, or single services with what was started for them alone; the data stays.

Example: dm down; dm down trino-worker
"""

from __future__ import annotations

import sys

import typer

from datameesh_cli.adapters.adapters import Adapters, adapters_for
from datameesh_cli.errors import HostError, UserError
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(
    ctx: typer.Context,
    services: list[str] = typer.Argument(
        None, metavar="[SERVICE]...", help="Only these. Default: all, and the network."
    ),
    volumes: bool = typer.Option(
        False, "--volumes", help="Also remove the data and the generated secrets; asks first."
    ),
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask before the data is removed."),
    namespace: str | None = typer.Option(
        None, "--namespace", help="Only what lives in this one; `dm up` brings it back."
    ),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.stack import print_stopped
    from datameesh_cli.usecases.stop_stack import stop_namespace, stop_services, stop_stack

    if (namespace or services) and volumes:
        raise UserError("--volumes means the data of every namespace", "leave out what is named, or --volumes")
    if namespace and services:
        raise UserError("a namespace and services are both named", "name one of them")
    adapters = adapters_for(ctx.obj)
    if volumes and not yes:
        _ask(adapters)
    if services:
        stopped = stop_services(adapters, services)
    elif namespace:
        stopped = stop_namespace(adapters, namespace)
    else:
        stopped = stop_stack(adapters, volumes=volumes)
    print_json(stopped) if output is Output.json else print_stopped(stopped)
    if volumes and stopped.volumes_kept:
        raise HostError(
            f"still there, with the secrets that open them: {', '.join(stopped.volumes_kept)}",
            f"another container uses them: docker ps -a --filter volume={stopped.volumes_kept[0]}; remove it, then again",
        )


def _ask(adapters: Adapters) -> None:
    """Go on only if somebody says yes. Raise UserError if nobody is there to ask, or says no."""
    from datameesh_cli.usecases.stop_stack import data_of

    if not sys.stdin.isatty():
        raise UserError(
            f"--volumes removes the data of stack '{adapters.name}' for good, and nobody is here to be asked",
            "if that is meant: dm down --volumes --yes",
        )
    names = ", ".join(data_of(adapters)) or "no volume is there"
    question = f"Remove the data of stack '{adapters.name}' ({names}) and its secrets for good? [y/N] "
    typer.echo(question, err=True, nl=False)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UserError("nothing was removed", "without its data: dm down")
