"""Make the export and apply it, with its Secrets, to the cluster of a kubectl context.

Example: dm k8s apply --ram 6g --context my-cluster
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

from datameesh_cli.commands.k8s import export

_OF_EXPORT_ONLY = ("check", "diff", "apply")


@functools.wraps(export.command)
def command(**options: Any) -> None:
    export.command(**options, check=False, diff=False, apply=True)


# All other options are those of the export, written down once.
_SHARED = [p for name, p in inspect.signature(export.command).parameters.items() if name not in _OF_EXPORT_ONLY]
command.__signature__ = inspect.Signature(_SHARED)  # type: ignore[attr-defined]
