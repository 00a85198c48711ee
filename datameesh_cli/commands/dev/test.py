"""Run the project's tests: unit, contract, programs, machines, integration.

Arguments go to pytest. Exit code 4 when a test fails.

Example: dm dev test --changed
"""

from __future__ import annotations

import sys

import typer

from datameesh_cli.adapters import process
from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import report

SETTINGS = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": ["--help"]}
_EXIT_CODES = {1: 4, 2: 4, 3: 1, 4: 2, 5: 2}
"""Ours for pytest's own: failed tests, a file that could not be collected, a bug of pytest, wrong arguments, no test chosen."""


def command(
    ctx: typer.Context,
    changed: bool = typer.Option(False, "--changed", help="Only what the changes since --base can reach."),
    base: str = typer.Option("main", "--base", help="The commit that --changed compares with."),
) -> None:
    from datameesh_cli.usecases.choose_tests import choose_tests

    adapters = adapters_for(ctx.obj)
    root = adapters.repository.root
    chosen = choose_tests(adapters, base) if changed else None
    if chosen is not None:
        report("reached: " + (" ".join(chosen) or "nothing"))
        if not chosen:
            return
    pytest = [sys.executable, "-m", "pytest", f"--rootdir={root}", "-c", str(root / "pyproject.toml")]
    pytest += [*ctx.args, *(chosen or ())]
    code = process.attach(pytest, cwd=root)
    raise typer.Exit(_EXIT_CODES.get(code, code))
