"""`dm down` and `dm restart`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datameesh_cli.core.selection import Selection, members, missed, reduced, understood
from datameesh_cli.errors import NetworkHeldError, UnhealthyError, UserError
from datameesh_cli.usecases.enforce_network import remove_rules
from datameesh_cli.usecases.plan_memory import running_plan

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters

_COMES_BACK = 120
"""Seconds in which one of several alike works again after a restart."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """What `down` removed, and which volumes still hold data; the names of secrets that were to go and stayed; whether the
    network stays, because the engine wrongly counts somebody on it."""

    project: str
    containers: int
    namespace: str | None
    volumes_removed: tuple[str, ...]
    volumes_kept: tuple[str, ...]
    secrets_kept: tuple[str, ...] = ()
    network_kept: bool = False
    services: tuple[str, ...] | None = None
    """Those that were removed, where only some were to go."""
    warnings: tuple[str, ...] = ()


def data_of(adapters: Adapters) -> tuple[str, ...]:
    """Return the volumes that hold the stack's data."""
    return adapters.engine.volumes(adapters.project)


def stop_stack(adapters: Adapters, *, volumes: bool) -> Stopped:
    """Remove every container and the network of the stack, and with `volumes` its data and secrets too.

    A secret goes only when no volume is left that it opens, and stays if an export was applied with it. Does nothing, without
    complaint, to a stack that is not there. Raise HostError if another `dm` is at work on it.
    """
    with adapters.state.locked("down"):
        before = adapters.engine.containers(adapters.project)
        had = data_of(adapters)
        adapters.engine.remove_leftover_jobs(adapters.project)
        with suppress(NetworkHeldError):
            adapters.compose.down(volumes=volumes)
        unguarded = remove_rules(adapters)
        adapters.state.remove("plan.json")
        kept = data_of(adapters)
        secrets: tuple[str, ...] = ()
        if volumes:
            # Compose ends well although a volume that another container uses is still there.
            secrets = adapters.state.secret_names() if kept else adapters.state.forget_secrets()
        network_kept = _network_stays(adapters)
    removed = tuple(v for v in had if v not in kept)
    warnings = tuple(filter(None, [unguarded]))
    return Stopped(adapters.project, len(before), None, removed, kept, secrets, network_kept, warnings=warnings)


def _network_stays(adapters: Adapters) -> bool:
    """Return whether the network is still there although nobody is on it. Raise UnhealthyError if somebody else's container is.

    An engine may go on counting a container that was killed while it started or stopped (seen with 20.10): the next `up` uses the
    network again, and it goes once the engine was restarted. Compose leaves a network with somebody on it without a word.
    """
    left = adapters.engine.networks(adapters.project)
    others = adapters.engine.attached(left)
    if others:
        raise UnhealthyError(
            f"the stack's containers are removed; its network stays, because {', '.join(others)} is on it",
            f"docker network disconnect {left[0]} {others[0]}; then again",
        )
    return bool(left)


def stop_namespace(adapters: Adapters, namespace: str) -> Stopped:
    """Remove the containers of one namespace; the network, the data and the other namespaces stay.

    Raise UserError for a namespace that no service lives in, HostError if another `dm` is at work on the stack.
    """
    services = adapters.repository.model().services
    living = {s.name for s in services if s.namespace == namespace}
    if not living:
        known = sorted({s.namespace for s in services})
        raise UserError(f"there is no namespace '{namespace}'", f"known: {', '.join(known)}")
    with adapters.state.locked("down"):
        before = [c for c in adapters.engine.containers(adapters.project) if c.service in living]
        if before:
            adapters.compose.remove(sorted({c.service for c in before}))
        kept = data_of(adapters)
    return Stopped(adapters.project, len(before), namespace, (), kept)


def stop_services(adapters: Adapters, names: Sequence[str]) -> Stopped:
    """Remove the containers of these services, and of what was started for them alone; the data, the network and the rest stay.

    They are left out until they are asked for again. Raise UserError for a name that is none, or for a service that another one
    which goes on needs at its start, HostError if another `dm` is at work on the stack.
    """
    model = adapters.repository.model()
    understood(model, Selection((), (), tuple(names)))
    with adapters.state.locked("down"):
        saved = adapters.state.read_json("plan.json")
        before = running_plan(adapters)
        was = before.selection if before else Selection()
        stays = reduced(model, was, names)
        staying = [s for s in members(model, stays) if s.name not in stays.without]
        warnings = missed(staying, [model.service(name) for name in names])
        going = ({s.name for s in members(model, was)} | set(names)) - {s.name for s in staying}
        containers = [c for c in adapters.engine.containers(adapters.project) if c.service in going]
        if containers:
            adapters.compose.remove(sorted({c.service for c in containers}))
        if not staying:
            warnings = (*warnings, *filter(None, [remove_rules(adapters)]))
            adapters.state.remove("plan.json")
        elif before:
            parts = {"profiles": stays.profiles, "services": stays.services, "without": stays.without}
            adapters.state.write("plan.json", json.dumps(saved | parts))
        kept = data_of(adapters)
    removed = tuple(sorted({c.service for c in containers}))
    return Stopped(adapters.project, len(containers), None, (), kept, services=removed, warnings=warnings)


def restart_services(adapters: Adapters, services: Sequence[str]) -> tuple[str, ...]:
    """Given service names (all that run if none), stop and start them; return their names. Raise UserError for an unknown one.

    In the place of a named service that shares out among others, these are restarted, each when the one before works again, so
    that somebody answers all the time; it goes on, too. Raise UnhealthyError if one does not come back.
    """
    model = adapters.repository.model()
    named = [model.service(name) for name in services]
    running = {c.service for c in adapters.engine.containers(adapters.project)}
    names = [s.name for s in named if not s.balances] if named else sorted(running)
    in_turn = [name for s in named for name in s.balances if name in running]
    with adapters.state.locked("restart"):
        if names:
            adapters.compose.restart(names)
        for name in in_turn:
            adapters.compose.restart([name])
            _until_healthy(adapters, name)
    return (*names, *in_turn)


def _until_healthy(adapters: Adapters, service: str) -> None:
    until = adapters.clock.now() + _COMES_BACK
    while True:
        there = [c for c in adapters.engine.containers(adapters.project) if c.service == service]
        if there and all(c.health == "healthy" for c in there):
            return
        if adapters.clock.now() > until:
            raise UnhealthyError(f"{service} does not come back", f"see: dm logs {service}; the others still answer")
        adapters.clock.sleep(0.5)
