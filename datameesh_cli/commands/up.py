"""Start profiles, or single services with what they need, within a memory budget, and wait until they work.

Example: dm up --profile analytics --ram 4g; dm up trino-coordinator --without trino-worker
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.memory import parse_mib
from datameesh_cli.core.quota import quotas_from
from datameesh_cli.render.output import OUTPUT, Output, print_json, report
from datameesh_cli.render.where import NAMES, WITHOUT


def command(
    ctx: typer.Context,
    names: list[str] = NAMES,
    service: list[str] = typer.Option([], "--service", help="The same as NAME."),
    profile: list[str] = typer.Option(
        [], "--profile", "-p", help="Profile to start; repeat for several. Default: what runs, else analytics."
    ),
    without: list[str] = WITHOUT,
    ram: str | None = typer.Option(
        None,
        "--ram",
        help="Memory budget, such as 1536m or 4g. Default: the budget in force, else what the engine has less a reserve.",
    ),
    quota: list[str] = typer.Option(
        [], "--quota", help="NAMESPACE=SIZE: what the limits of a namespace may come to, here and at every later start."
    ),
    wait_timeout: float = typer.Option(
        300, "--wait-timeout", min=1, help="Seconds to wait until everything is healthy."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Print the plan and check the ports; start nothing."),
    build: bool = typer.Option(
        True, "--build/--no-build", help="Build images that are missing or older than their folders."
    ),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.images import BuildProgress
    from datameesh_cli.render.stack import StartProgress, print_started
    from datameesh_cli.usecases.build_images import Told
    from datameesh_cli.usecases.start_profile import StartRequest, start_profile

    request = StartRequest(
        tuple(profile),
        None if ram is None else parse_mib(ram),
        wait_timeout,
        dry_run,
        build,
        quotas=quotas_from(quota),
        services=(*(names or ()), *service),
        without=tuple(without),
    )
    with BuildProgress() as builds, StartProgress() as progress:
        told = Told(builds.watch, builds.done)
        started = start_profile(adapters_for(ctx.obj), request, progress.show, report, told)
    print_json(started) if output is Output.json else print_started(started)
