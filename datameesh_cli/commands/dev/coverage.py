"""Count the rows of the fact matrix that checks and tests cover, by the outcome of their last run.

Example: dm dev coverage --missing 3
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json


def command(
    ctx: typer.Context,
    missing: str = typer.Option(
        "", "--missing", help="List the ids of a group, such as 3 or 2.4, that nothing covers."
    ),
    require: bool = typer.Option(False, "--require-all", help="Exit with 4 unless every covered row has passed."),
    without_cluster: bool = typer.Option(
        False, "--without-cluster", help="With --require-all: the cluster stage was skipped, ask for nothing of it."
    ),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.rows import print_coverage, print_missing
    from datameesh_cli.usecases.count_rows import count_rows, missing_rows, require_all

    adapters = adapters_for(ctx.obj)
    if missing:
        ids = missing_rows(adapters, missing)
        print_json(ids) if output is Output.json else print_missing(missing, ids)
        return
    coverage = count_rows(adapters)
    print_json(coverage) if output is Output.json else print_coverage(coverage)
    if require:
        require_all(coverage, without_cluster=without_cluster)
