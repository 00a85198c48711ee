"""Print what each service would get of a memory budget, and why.

Changes nothing.

Example: dm plan --profile analytics --ram 4g; dm plan trino-coordinator
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.memory import parse_mib
from datameesh_cli.core.selection import Selection
from datameesh_cli.render.output import OUTPUT, Output, print_json
from datameesh_cli.render.where import NAMES, WITHOUT


def command(
    ctx: typer.Context,
    names: list[str] = NAMES,
    profile: list[str] = typer.Option(
        [], "--profile", "-p", help="Profile to plan for; repeat for several. Default: what runs, else analytics."
    ),
    without: list[str] = WITHOUT,
    ram: str | None = typer.Option(
        None,
        "--ram",
        help="Memory budget, such as 1536m or 4g. Default: the budget in force, else what the engine has less a reserve.",
    ),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.plan import plan_json, print_preview
    from datameesh_cli.usecases.plan_memory import preview_plan

    asked = Selection(tuple(profile), tuple(names or ()), tuple(without))
    preview = preview_plan(adapters_for(ctx.obj), asked, None if ram is None else parse_mib(ram))
    print_json(plan_json(preview)) if output is Output.json else print_preview(preview)
