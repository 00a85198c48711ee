"""Put a directory (LDAP) or another provider (OpenID) behind the sign-in service; alone: show which there are.

Its file, identity/providers/auth-ldap.yaml or auth-oauth.yaml, says where it is and which of its groups is which of ours.

Example: dm security provider auth-ldap --stdin < bind-password; dm security provider auth-ldap --off
"""

from __future__ import annotations

import sys

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.render.output import OUTPUT, Output, print_json, report


def command(
    ctx: typer.Context,
    name: str = typer.Argument(
        "", help="A file of identity/providers/, or your own .yaml. Default: show which there are."
    ),
    stdin: bool = typer.Option(
        False, "--stdin", help="Read the secret that opens it from standard input, where no list of processes shows it."
    ),
    off: bool = typer.Option(False, "--off", help="Take it away."),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.render.people import print_behind
    from datameesh_cli.usecases.choose_provider import add_provider, remove_provider, show_providers

    adapters = adapters_for(ctx.obj)
    if name and off:
        found = remove_provider(adapters, name, report)
    elif name:
        found = add_provider(adapters, name, sys.stdin.readline().rstrip("\r\n") if stdin else "", report)
    else:
        found = show_providers(adapters)
    print_json(found) if output is Output.json else print_behind(found)
