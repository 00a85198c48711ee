"""Make schemas/, docs/reference, docs/people.md and the editors' line in every YAML file anew.

Example: dm dev schemas
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json, print_line


def command(ctx: typer.Context, output: Output = OUTPUT) -> None:
    from datameesh_cli.usecases.publish_schemas import publish_schemas

    changed = publish_schemas(adapters_for(ctx.obj))
    if output is Output.json:
        print_json(changed)
        return
    for path in changed:
        print_line(path)
    print_line(f"{len(changed)} files written" if changed else "all is up to date")
