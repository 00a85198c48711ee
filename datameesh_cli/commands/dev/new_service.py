"""Make the folder of a new service: a tiny HTTP server that is up, verified and exported as it stands.

Example: dm dev new-service hello --port 30150
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.new_service import NewService
from datameesh_cli.render.output import OUTPUT, Output, print_json, print_line


def command(
    ctx: typer.Context,
    name: str = typer.Argument(..., help="Its name, in small letters, digits and '-'."),
    port: int | None = typer.Option(
        None, "--port", help="Its port on this machine. Default: the first free from 30100."
    ),
    profile: str = typer.Option("core", "--profile", "-p", help="The profile that it belongs to."),
    namespace: str = typer.Option("data-platform", "--namespace", help="The namespace that it lives in."),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.usecases.make_service import make_service

    made = make_service(adapters_for(ctx.obj), NewService(name, profile, namespace, port))
    if output is Output.json:
        print_json(made)
        return
    for path in made:
        print_line(path)
    print_line(f"Next: dm up {name}, dm verify {name}, dm urls; then make {made[2]} do what it is for")
