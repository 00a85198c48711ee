"""The running stack as a target for checks, data and SQL: under Compose, or on a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datameesh_cli.core.cluster import plan_of
from datameesh_cli.core.model import Model, Service
from datameesh_cli.core.roles import OBJECT_STORE, SQL, all_providing, key_pair, way_in
from datameesh_cli.core.stack import StackPort
from datameesh_cli.errors import UnhealthyError
from datameesh_cli.usecases.open_lake import lake_of, store_at
from datameesh_cli.usecases.plan_memory import Planned, plan_memory, running_plan
from datameesh_cli.usecases.sign_in import trino_at, trusted_ports

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.compose_target import ComposeTarget
    from datameesh_cli.adapters.object_store import ObjectStore
    from datameesh_cli.adapters.target import ReachedStack
    from datameesh_cli.adapters.trino import Trino


@dataclass(frozen=True, slots=True)
class ChosenCluster:
    """Where an export was applied: a kubectl context (None: the current one)."""

    context: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A running stack, and the plan that it carries out; `context` is the kubectl context of its cluster, "" under Compose."""

    planned: Planned
    target: ReachedStack
    context: str = ""


def trino_of(adapters: Adapters, planned: Planned) -> Trino:
    """Given the plan in force, return its Trino. Raise UnhealthyError if no service of the plan is one."""
    service = planned.model.providing(SQL)
    ports = {p.variable: p.host for p in planned.ports}
    if way_in(service).variable not in ports:
        raise UnhealthyError(
            f"{service.name} does not run: its profile is not in force",
            f"start it: ./dm up --profile {service.profile}",
        )
    return trino_at(adapters, service, planned.bind.reached_at, ports[way_in(service).variable])


def open_target(adapters: Adapters, planned: Planned) -> ComposeTarget:
    """Given the plan in force, return the running Compose stack as a target."""
    ports = {p.variable: p.host for p in planned.ports}
    services = [s for s in planned.services if planned.replicas.get(s.name)]
    store = all_providing(services, OBJECT_STORE)
    with_store = store and set(key_pair(store[0])) <= set(adapters.state.secret_names())
    return adapters.compose_target(
        engine=adapters.engine,
        compose=adapters.compose,
        trino=_trino(adapters, planned.model, planned.bind.reached_at, ports),
        store=lake_of(adapters) if with_store else None,
        address=planned.bind.reached_at,
        ports=ports,
        trusted=trusted_ports(adapters, services),
        jobs=frozenset(s.name for s in services if s.kind == "job"),
        image=services[0].image,
        consumers=_consumers(planned.model.services),
    )


def open_compose(adapters: Adapters) -> Opened:
    """Return the running Compose stack with its plan. Raise UnhealthyError if it does not run."""
    if running_plan(adapters) is None:
        raise UnhealthyError(f"stack '{adapters.name}' is not running", "start it: ./dm up")
    planned = plan_memory(adapters, (), None)
    return Opened(planned, open_target(adapters, planned))


def open_place(adapters: Adapters, cluster: ChosenCluster | None) -> Opened:
    """Given a cluster, return the stack that was applied there; without one the running Compose stack."""
    return open_kubernetes(adapters, cluster.context) if cluster else open_compose(adapters)


def open_kubernetes(adapters: Adapters, context: str | None) -> Opened:
    """Given a kubectl context (none: the current one), return the stack that was applied there.

    Its passwords are those that the export was applied with. Raise UserError for an unknown context, HostError if the cluster
    is not reached, UnhealthyError if no export was applied there.
    """
    access = adapters.cluster(adapters.chosen_context(context))
    cluster = access.look()
    model = adapters.repository.model()
    services, plan = plan_of(cluster, model)
    ports = cluster.ports(services)
    owners = {p.variable: s.name for s in services for p in s.ports}
    stack_ports = tuple(StackPort(variable, port, owners[variable]) for variable, port in sorted(ports.items()))
    s3 = _port(model, ports, OBJECT_STORE)
    target = adapters.kubernetes_target(
        access=access,
        cluster=cluster,
        trino=_trino(adapters, model, cluster.address, ports, access.context),
        store=_store(adapters, access.context, model, f"{cluster.address}:{s3}") if s3 else None,
        address=cluster.address,
        ports=ports,
        trusted=trusted_ports(adapters, services, access.context),
        consumers=_consumers(services),
    )
    planned = Planned(model, services, plan, stack_ports, f"what runs on '{access.context}'", {})
    return Opened(planned, target, access.context)


def secret_of(adapters: Adapters, opened: Opened, name: str) -> str:
    """Given a running stack and a secret's name, return the value that it was started with. Raise HostError if it is not known."""
    return adapters.state.secret_of(opened.context, name)


def _trino(adapters: Adapters, model: Model, address: str, ports: Mapping[str, int], context: str = "") -> Trino:
    """The Trino of a model; whether it runs is not said."""
    return trino_at(adapters, model.providing(SQL), address, _port(model, ports, SQL), context)


def _consumers(services: Sequence[Service]) -> dict[str, list[str]]:
    return {s.name: [c.name for c in services if any(e.service == s.name for e in c.consumes)] for s in services}


def _port(model: Model, ports: Mapping[str, int], role: str) -> int:
    """The published port of a role's provider; 0 where it is not published, or nobody has the role."""
    found = all_providing(model.services, role)
    return ports.get(way_in(found[0]).variable, 0) if found else 0


def _store(adapters: Adapters, context: str, model: Model, endpoint: str) -> ObjectStore:
    service = model.providing(OBJECT_STORE)
    access_key, secret_key = (adapters.state.secret_of(context, n) for n in key_pair(service))
    return store_at(adapters, service, endpoint, (access_key, secret_key), context)
