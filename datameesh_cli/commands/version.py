"""`dm version`."""

from __future__ import annotations

import typer

from datameesh_cli import __version__

app = typer.Typer()


@app.command()
def version() -> None:
    """Print the version. Example: dm version"""
    typer.echo(f"DataMeesh {__version__}")
