"""Which stack a command means, the one under Compose or the one that was applied to a cluster, and what of it."""

from __future__ import annotations

import enum

import typer

from datameesh_cli.errors import UserError
from datameesh_cli.usecases.open_target import ChosenCluster


class Where(str, enum.Enum):
    """What `--on` takes."""

    compose = "compose"
    k8s = "k8s"


WHERE = typer.Option(
    Where.compose, "--on", help="Which stack. compose: the one of `dm up`. k8s: the one applied to a cluster."
)
CONTEXT = typer.Option(None, "--context", help="With --on k8s: the kubectl context. Default: the current one.")


NAMES = typer.Argument(None, metavar="[NAME]...", help="Services, each with everything it needs, or profiles.")
WITHOUT = typer.Option([], "--without", help="Leave this service out; repeat for several.")


def cluster_of(where: Where, context: str | None) -> ChosenCluster | None:
    """Given both options, return the cluster that is meant, None for Compose. Raise UserError for a context without a cluster."""
    if where is Where.k8s:
        return ChosenCluster(context)
    if context:
        raise UserError("--context means a cluster", "add --on k8s")
    return None
