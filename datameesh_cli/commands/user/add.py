"""Add a person to this stack, with a password of their own. It holds within a minute, without a restart.

Example: dm user add dana --role data-scientist; dm user add erik --role analyst --group regions --region EMEA
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(
    ctx: typer.Context,
    name: str = typer.Argument(..., help="The name to sign in with."),
    role: str | None = typer.Option(None, "--role", help="What the person may do, such as analyst."),
    group: list[str] = typer.Option([], "--group", help="A further group; repeat for several."),
    region: list[str] = typer.Option([], "--region", help="Whose rows are seen in group regions; repeat for several."),
    display: str = typer.Option("", "--display", help="First and last name."),
    email: str = typer.Option("", "--email", help="The address. Default: the name at the stack's."),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.people import print_changed
    from datameesh_cli.usecases.change_people import NewPerson, add_person

    new = NewPerson(name, role, tuple(group), tuple(region), display, email)
    changed = add_person(adapters_for(ctx.obj), new)
    print_json(changed) if output is Output.json else print_changed(changed)
