"""`dm test`: the project's own tests. The launcher has added what they need to the environment."""

from __future__ import annotations

import sys

import typer

from datameesh_cli.adapters import process
from datameesh_cli.adapters.outside import outside

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": ["--help"]}
)
def test(ctx: typer.Context) -> None:
    """Run the project's tests: unit, contract, programs, machines, integration. Arguments go to pytest.

    Example: dm test tests/unit -x
    """
    root = outside(ctx.obj).repository.root
    raise typer.Exit(
        process.attach(
            [sys.executable, "-m", "pytest", f"--rootdir={root}", "-c", str(root / "pyproject.toml"), *ctx.args],
            cwd=root,
        )
    )
