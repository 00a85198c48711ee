"""Ask the stack under Compose and the one on a cluster the same, and compare.

Exit code 4 for a difference nobody declared.

Both run with the same data and the same --ram. Declared differences: k8s-export/parity.yaml.

Example: dm k8s parity --context my-cluster
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.errors import UnhealthyError
from datameesh_cli.render.output import OUTPUT, Output, print_json, report


def command(
    ctx: typer.Context,
    context: str | None = typer.Option(None, "--context", help="The kubectl context. Default: the current one."),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.parity import print_parity
    from datameesh_cli.usecases.compare_targets import DECLARED, compare_targets
    from datameesh_cli.usecases.open_target import ChosenCluster

    compared = compare_targets(adapters_for(ctx.obj), ChosenCluster(context), report)
    print_json(compared) if output is Output.json else print_parity(compared)
    undeclared = compared.parity.undeclared
    if undeclared:
        more = f" and {len(undeclared) - 3} more" if len(undeclared) > 3 else ""
        raise UnhealthyError(
            f"{len(undeclared)} differences that nobody declared: {', '.join(d.fact for d in undeclared[:3])}{more}",
            f"correct them, or declare them with a reason in {DECLARED}",
        )
