"""Measure: run one of tests/bench with its own options; without a name, say which there are.

Example: dm dev bench spine --runs 3
"""

from __future__ import annotations

import sys

import typer

from datameesh_cli.adapters import files, process
from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.errors import UserError

SETTINGS = {"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": False}


def command(ctx: typer.Context, name: str = typer.Argument("", help="The measurement: a file of tests/bench.")) -> None:
    folder = adapters_for(ctx.obj).repository.root / "tests" / "bench"
    known = sorted(path.stem for path in files.found(folder, "*.py"))
    if name not in known:
        raise UserError(
            f"there is no measurement '{name}'" if name else "which measurement?", f"there are: {', '.join(known)}"
        )
    raise typer.Exit(process.attach([sys.executable, str(folder / f"{name}.py"), *ctx.args]))
