"""Remove a person from this stack. It holds within a minute, without a restart.

Example: dm user remove dana
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(
    ctx: typer.Context, name: str = typer.Argument(..., help="Who goes: see dm user list."), output: Output = OUTPUT
) -> None:
    from datameesh_cli.render.people import print_changed
    from datameesh_cli.usecases.change_people import remove_person

    changed = remove_person(adapters_for(ctx.obj), name)
    print_json(changed) if output is Output.json else print_changed(changed)
