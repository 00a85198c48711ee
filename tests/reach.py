"""Who reaches whom, tried from inside: what the matrix of a Compose stack and that of a cluster share."""

from __future__ import annotations

from collections.abc import Iterable

from datameesh_cli.core.model import Service

Entry = tuple[str, str]
"""(who, where to): an open connection, such as ("trino-worker", "sales-db:5432")."""

BASH = """
for to in "$@"; do
  (timeout 2 bash -c "exec 3<>/dev/tcp/${to%%:*}/${to##*:}" 2> /dev/null && echo "$to") &
done
wait
"""
"""Tries to connect to each of its arguments, all at once, and prints those that answer."""


def declared(services: Iterable[Service]) -> set[Entry]:
    """What the folders declare between these services, written down without the code that makes rules of it."""
    everyone = list(services)
    running = {s.name for s in everyone}
    return {(s.name, f"{e.service}:{e.port}") for s in everyone for e in s.consumes if e.service in running}
