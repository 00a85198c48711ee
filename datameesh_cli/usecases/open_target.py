"""The running stack as a target for checks and SQL."""

from __future__ import annotations

from datameesh_cli.adapters import host
from datameesh_cli.adapters.compose_target import ComposeTarget
from datameesh_cli.adapters.outside import Outside
from datameesh_cli.adapters.trino import Trino
from datameesh_cli.errors import UnhealthyError
from datameesh_cli.usecases.open_lake import lake_of
from datameesh_cli.usecases.plan_memory import Planned

TRINO_PORT = "TRINO_PORT"


def address() -> str:
    """Return the address at which the stack's published ports are reached from this machine."""
    bound = host.bind_address()
    return "127.0.0.1" if bound == "0.0.0.0" else bound


def trino_of(planned: Planned) -> Trino:
    """Given the plan in force, return its Trino. Raise UnhealthyError if no service of the plan is one."""
    port = next((p.host for p in planned.ports if p.variable == TRINO_PORT), None)
    if port is None:
        raise UnhealthyError("no Trino runs: its profile is not in force", "start it: ./dm up --profile analytics")
    return Trino(address(), port)


def open_target(outside: Outside, planned: Planned) -> ComposeTarget:
    """Given the plan in force, return the running Compose stack as a target."""
    ports = {p.variable: p.host for p in planned.ports}
    services = [s for s in planned.services if planned.replicas.get(s.name)]
    return ComposeTarget(
        engine=outside.engine,
        compose=outside.compose,
        trino=Trino(address(), ports.get(TRINO_PORT, 0)),
        store=lake_of(outside) if "MINIO_API_PORT" in ports else None,
        address=address(),
        ports=ports,
        jobs=frozenset(s.name for s in services if s.kind == "job"),
        image=services[0].image,
    )
