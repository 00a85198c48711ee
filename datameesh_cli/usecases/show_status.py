"""`dm status`, `urls`, `credentials`, `why`: what is there, how it is, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datameesh_cli.core.health import Container, ServiceState, first_broken, last_error_line
from datameesh_cli.core.identity.people import GOVERNED, password_of
from datameesh_cli.core.model import Service
from datameesh_cli.core.ram_plan import MemoryShare
from datameesh_cli.core.selection import Selection
from datameesh_cli.usecases.derive_secrets import makers_of, mode_warning, read_mode, read_people
from datameesh_cli.usecases.enforce_network import guarded
from datameesh_cli.usecases.open_target import ChosenCluster
from datameesh_cli.usecases.plan_memory import Planned, plan_memory, running_plan
from datameesh_cli.usecases.sign_in import cut_short
from datameesh_cli.usecases.start_profile import current_states

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One line of `status`. Memory in MiB; `used` is None unless usage was asked for."""

    service: str
    namespace: str
    layer: str
    kind: str
    state: str
    ok: bool
    detail: str
    limit: int
    used: int | None
    restarts: int
    ports: tuple[int, ...]
    image: str


@dataclass(frozen=True, slots=True)
class Status:
    """The whole stack at this moment. `healthy`: something runs and all of it is well."""

    name: str
    project: str
    running: bool
    selection: Selection
    budget: int
    services: tuple[ServiceStatus, ...]
    left_out: dict[str, str]
    healthy: bool
    warning: str = ""
    """What must be known of the address that the ports are published on."""
    mode: str = GOVERNED
    mode_warning: str = ""
    rotation: str = ""
    """What must be done of a rotation that was killed."""
    network: str = ""
    """Whether only declared connections are let through: as `dm net show` has it, "" where that cannot be told."""


def show_status(adapters: Adapters, *, usage: bool = False) -> Status:
    """Return the stack's state; with `usage` also each container's memory (takes the engine about two seconds)."""
    planned = plan_memory(adapters, (), None)
    containers = adapters.engine.containers(adapters.project)
    states = {s.service: s for s in current_states(adapters, planned)}
    used = adapters.engine.memory_used(adapters.project) if usage else None
    mode = read_mode(adapters)
    lines = tuple(
        _line(s, planned, states.get(s.name), containers, used)
        for s in planned.services
        if s.kind == "job" or s.name in states
    )
    return Status(
        adapters.name,
        adapters.project,
        bool(containers),
        planned.selection,
        planned.plan.budget,
        lines,
        dict(planned.plan.left_out),
        healthy=bool(containers) and all(line.ok for line in lines if line.kind == "service"),
        warning=planned.bind.warning if containers else "",
        mode=mode,
        mode_warning=mode_warning(mode),
        rotation=cut_short(adapters),
        network=guarded(adapters) if containers else "",
    )


def _line(
    service: Service,
    planned: Planned,
    state: ServiceState | None,
    containers: tuple[Container, ...],
    used: dict[str, int] | None,
) -> ServiceStatus:
    own = [c for c in containers if c.service == service.name]
    share = planned.plan.share(service.name)
    return ServiceStatus(
        service=service.name,
        namespace=service.namespace,
        layer=service.layer,
        kind=service.kind,
        state=state.state if state else "job, run on demand",
        ok=state.ok if state else True,
        detail=state.detail if state else "",
        limit=own[0].limit if own else (share.limit if share else 0),
        used=None if used is None else sum(used.get(c.name, 0) for c in own),
        restarts=sum(c.restarts for c in own),
        ports=tuple(p.host for p in planned.ports if p.service == service.name),
        image=service.image,
    )


@dataclass(frozen=True, slots=True)
class Address:
    """One entry of `urls`: where it is, who logs in, and what one can do there."""

    title: str
    url: str
    user: str | None
    secret: str | None
    can: tuple[str, ...]
    service: str


def list_places(adapters: Adapters) -> tuple[Address, ...]:
    """Return every address of the profiles in force (or of analytics when nothing runs), by title; none of what the plan
    leaves out."""
    planned = plan_memory(adapters, (), None)
    ports = {p.variable: p.host for p in planned.ports}
    schemes = {p.variable: p.scheme for s in planned.services for p in s.ports}
    places = [
        Address(
            u.title,
            f"{schemes[u.port]}://{planned.bind.shown}:{ports[u.port]}{u.path}",
            u.user,
            u.secret,
            u.can,
            s.name,
        )
        for s in planned.services
        for u in s.urls
        if u.port in ports and planned.replicas[s.name]
    ]
    return tuple(sorted(places, key=lambda p: p.title))


@dataclass(frozen=True, slots=True)
class Credential:
    """One generated secret, and who uses it."""

    name: str
    value: str
    used_by: tuple[str, ...]


def list_credentials(adapters: Adapters, cluster: ChosenCluster | None = None) -> tuple[Credential, ...]:
    """Return the generated secrets of the stack, or of the export on a cluster, with the services that read them, and the passwords
    of people. What is only made of others is none: nobody types it."""
    services = adapters.repository.model().services
    made, people = makers_of(services), read_people(adapters)
    owners = {password_of(p.name): (f"{p.display}, for all tools",) for p in (people.people if people else ())}
    store = adapters.state.of_export(adapters.chosen_context(cluster.context)) if cluster else adapters.state
    return tuple(
        Credential(
            name,
            store.secret(name),
            owners.get(name, ()) + tuple(sorted(s.name for s in services if name in s.secrets)),
        )
        for name in store.secret_names()
        if name not in made
    )


@dataclass(frozen=True, slots=True)
class Reason:
    """What `why` tells about one service."""

    service: Service
    summary: str
    needed_by: tuple[str, ...]
    share: MemoryShare | None
    left_out: str
    state: ServiceState | None
    first_broken: ServiceState | None
    last_error: str


def explain_service(adapters: Adapters, name: str) -> Reason:
    """Given a service's name, return what it is for, what it needs, who needs it, and what is wrong. Raise UserError if unknown."""
    model = adapters.repository.model()
    service = model.service(name)
    in_force = running_plan(adapters)
    planned = plan_memory(adapters, () if in_force else (service.profile,), None)
    states = current_states(adapters, planned)
    state = next((s for s in states if s.service == name), None)
    containers = [c for c in adapters.engine.containers(adapters.project) if c.service == name]
    log = adapters.engine.log_tail(containers[0].name) if containers and state and not state.ok else ""
    return Reason(
        service=service,
        summary=adapters.repository.summary(service.folder),
        needed_by=tuple(s.name for s in model.services if name in s.depends_on),
        share=planned.plan.share(name),
        left_out=planned.plan.left_out.get(name, ""),
        state=state,
        first_broken=first_broken(planned.services, states) if containers else None,
        last_error=last_error_line(log),
    )
