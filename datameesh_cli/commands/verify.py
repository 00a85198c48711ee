"""Run every check that applies against the running stack.

Exit code 4 when one fails.

Example: dm verify trino S-DATA-03
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.errors import UnhealthyError
from datameesh_cli.render.output import OUTPUT, Output, print_json
from datameesh_cli.render.where import CONTEXT, WHERE, Where, cluster_of


def command(
    ctx: typer.Context,
    pattern: list[str] = typer.Argument(None, help="Part of a check's file, name or row ids. Default: every check."),
    strict: bool = typer.Option(
        False,
        "--strict",
        help="A mart that is not built, or older than the data, fails its checks instead of excusing them.",
    ),
    on: Where = WHERE,
    context: str | None = CONTEXT,
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.verify import failure_message, print_verified, say_result
    from datameesh_cli.usecases.verify_stack import verify_stack

    verified = verify_stack(adapters_for(ctx.obj), pattern or [], say_result, cluster_of(on, context), strict=strict)
    print_json(verified) if output is Output.json else print_verified(verified)
    if verified.failed:
        raise UnhealthyError(
            failure_message(verified), "see the column 'why'; then: dm why <service>, dm logs <service>"
        )
