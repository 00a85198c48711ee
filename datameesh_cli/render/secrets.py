"""`secrets` as text."""

from __future__ import annotations

from datameesh_cli.render.output import print_line
from datameesh_cli.usecases.rotate_secrets import Rotated


def print_rotated(rotated: Rotated) -> None:
    """Given what has a new value, print it, when that is in force, and where to see it; no value is printed."""
    for name in rotated.secrets:
        print_line(name)
    count = f"{len(rotated.secrets)} new value" + ("" if len(rotated.secrets) == 1 else "s")
    if rotated.context:
        print_line(f"{count}; in force with: dm k8s apply --context {rotated.context}")
        return
    if not rotated.running:
        print_line(f"{count}; in force when the stack starts: dm up")
        return
    restarted = f"; started anew: {', '.join(rotated.restarted)}" if rotated.restarted else ""
    print_line(f"{count} in force after {rotated.seconds:.0f} s, the old refused{restarted}. See: dm credentials NAME")
