"""`dm net` as text."""

from __future__ import annotations

from datameesh_cli.render.output import print_line, print_table
from datameesh_cli.usecases.enforce_network import OPEN, Enforced

_SAID = {
    "in force": "Nothing but these connections is let through.",
    "out of date": "Something else is let through than the declared connections. As they are declared now: dm up",
    "off": f"Switched off: {OPEN}. On again: dm net enforce",
    "not in force": f"No rules are set (a new start of the machine takes them): {OPEN}. They are set by: dm up",
}


def unguarded(state: str) -> str:
    """Given how the network is guarded, return what has to be said of it beside other things: "" where all is as it should be."""
    return _SAID[state] if state in ("out of date", "not in force", "off") else ""


def print_enforced(enforced: Enforced) -> None:
    """Given how the network is guarded, print the connections, then what holds, then what was refused."""
    print_table(("from", "to", "port"), [(e.source, e.target, e.port) for e in enforced.edges], right=("port",))
    print_line(_SAID[enforced.state])
    if enforced.refused:
        counted = {"between": "between containers", "outward": "to the outside", "inward": "from this machine"}
        print_line("refused packets: " + ", ".join(f"{enforced.refused.get(k, 0)} {v}" for k, v in counted.items()))
