"""List the people, with their groups and roles.

Example: dm user list --output json
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(ctx: typer.Context, output: Output = OUTPUT) -> None:
    from datameesh_cli.render.people import print_people
    from datameesh_cli.usecases.change_people import list_people

    found = list_people(adapters_for(ctx.obj))
    print_json(found) if output is Output.json else print_people(found)
