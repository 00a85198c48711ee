"""Give secrets new values: in force with everybody who has them, and the old ones refused, when it returns.

Who reads a secret at its start only is started anew, after the statements that run have ended. Ctrl-C leaves each secret as it was
or new; the same command again goes on. While the stack is down, the new values are in force at the next dm up.

Example: dm secrets rotate alex-password; dm secrets rotate sales-db; dm secrets rotate --all
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.errors import UserError
from datameesh_cli.render.output import OUTPUT, Output, print_json, report
from datameesh_cli.render.where import CONTEXT, WHERE, Where, cluster_of


def command(
    ctx: typer.Context,
    names: list[str] = typer.Argument(
        None, metavar="[NAME]...", help="Secrets (see dm credentials), people, or services: all of theirs."
    ),
    every: bool = typer.Option(False, "--all", help="All secrets of the stack."),
    now: bool = typer.Option(
        False, "--now", help="Do not wait up to a minute for running statements: a restart ends them."
    ),
    wait_timeout: float = typer.Option(
        300, "--wait-timeout", min=1, help="Seconds to wait for each restarted service."
    ),
    on: Where = WHERE,
    context: str | None = CONTEXT,
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.secrets import print_rotated
    from datameesh_cli.usecases.rotate_secrets import RotateRequest, rotate_on_cluster, rotate_secrets

    if every and names:
        raise UserError("--all and names do not go together", "dm secrets rotate --all, or dm secrets rotate NAME")
    request = RotateRequest(tuple(names or ()), every, 0 if now else 60, wait_timeout)
    adapters, cluster = adapters_for(ctx.obj), cluster_of(on, context)
    rotated = rotate_on_cluster(adapters, request, cluster) if cluster else rotate_secrets(adapters, request, report)
    print_json(rotated) if output is Output.json else print_rotated(rotated)
