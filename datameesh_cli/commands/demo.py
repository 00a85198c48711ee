"""Show the whole story: set up, start, seed, ask across domains, build and test the marts.

Example: dm demo --yes
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.memory import parse_mib
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(
    ctx: typer.Context,
    yes: bool = typer.Option(False, "--yes", "-y", help="Install and start what this machine lacks (see: dm doctor)."),
    ram: str = typer.Option(
        "", "--ram", help="Memory budget, such as 1536m or 4g. Default: what the engine has less 1 GiB."
    ),
    wait_timeout: float = typer.Option(
        300, "--wait-timeout", min=1, help="Seconds to wait until everything is healthy."
    ),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.demo import DemoProgress, print_demo
    from datameesh_cli.usecases.run_demo import run_demo

    adapters = adapters_for(ctx.obj)
    with DemoProgress() as progress:
        shown = run_demo(adapters, parse_mib(ram) if ram else None, yes=yes, timeout=wait_timeout, narrator=progress)
    print_json(shown) if output is Output.json else print_demo(shown, adapters.name)
