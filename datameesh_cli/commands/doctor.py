"""Say what this machine lacks, with one fix per finding.

Exit code 3 when something is missing.

Example: dm doctor --fix
"""

from __future__ import annotations

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.errors import HostError
from datameesh_cli.render.output import OUTPUT, Output, print_json, report


def command(
    ctx: typer.Context,
    fix: bool = typer.Option(
        False, "--fix", "--yes", help="Install and start what is missing (Debian and Ubuntu, as root)."
    ),
    strict: bool = typer.Option(False, "--strict", help="Fail for advice too, not only for what is missing."),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.diagnosis import print_diagnosed
    from datameesh_cli.usecases.diagnose_host import diagnose_host

    diagnosed = diagnose_host(adapters_for(ctx.obj), fix=fix, report=report)
    print_json(diagnosed) if output is Output.json else print_diagnosed(diagnosed)
    if diagnosed.missing:
        raise HostError(f"{diagnosed.missing[0].name}: {diagnosed.missing[0].seen}", diagnosed.missing[0].fix)
    if strict and diagnosed.warnings:
        raise HostError(f"{diagnosed.warnings[0].name}: {diagnosed.warnings[0].seen}", diagnosed.warnings[0].fix)
