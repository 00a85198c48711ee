"""Let only declared connections through, now and at every later up; the default.

Example: dm net enforce
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(ctx: typer.Context, output: Output = OUTPUT) -> None:
    from datameesh_cli.render.network import print_enforced
    from datameesh_cli.usecases.enforce_network import enforce

    enforced = enforce(adapters_for(ctx.obj))
    print_json(enforced) if output is Output.json else print_enforced(enforced)
