"""Run the project's tests: unit, contract, programs, machines, integration.

Arguments go to pytest. Exit code 4 when a test fails.

Example: dm dev test tests/unit -x
"""

from __future__ import annotations

import sys

import typer

from datameesh_cli.adapters import process
from datameesh_cli.adapters.outside import outside

SETTINGS = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": ["--help"]}
_EXIT_CODES = {1: 4, 2: 4, 3: 1, 4: 2, 5: 2}
"""Ours for pytest's own: failed tests, a file that could not be collected, a bug of pytest, wrong arguments, no test chosen."""


def command(ctx: typer.Context) -> None:
    root = outside(ctx.obj).repository.root
    pytest = [sys.executable, "-m", "pytest", f"--rootdir={root}", "-c", str(root / "pyproject.toml"), *ctx.args]
    code = process.attach(pytest, cwd=root)
    raise typer.Exit(_EXIT_CODES.get(code, code))
