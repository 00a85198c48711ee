"""What the containers' states mean: which services are up, which link of the chain is the first broken one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from datameesh_cli.core.model import Service

_ERROR = re.compile(r"\b(error|fatal|panic|exception|failed|denied|cannot|refused)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Container:
    """One container as the engine reports it. `health` is "" where there is no health check; memory in MiB, 0 = unlimited."""

    name: str
    service: str
    status: str
    health: str = ""
    exit_code: int = 0
    oom_killed: bool = False
    restarts: int = 0
    limit: int = 0
    started_at: str = ""
    image: str = ""
    address: str = ""
    image_id: str = ""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """One service: its state in one word, whether that is good, whether waiting can still help, and the detail."""

    service: str
    state: str
    ok: bool
    hopeless: bool = False
    detail: str = ""


def service_states(
    services: Sequence[Service], replicas: Mapping[str, int], containers: Sequence[Container]
) -> tuple[ServiceState, ...]:
    """Given the services in dependency order, how many containers each should have, and what runs, return a state for each.

    Jobs and services with 0 replicas are not expected to run and are left out.
    """
    states = []
    for service in services:
        wanted = replicas.get(service.name, service.replicas)
        if service.kind == "job" or wanted == 0:
            continue
        own = [c for c in containers if c.service == service.name]
        states.append(_service_state(service.name, wanted, own))
    return tuple(states)


def judged_since(before: Sequence[Container], now: Sequence[Container], *, starting: bool) -> tuple[Container, ...]:
    """Given the containers when a start began and now, return those of now without what happened to them earlier.

    A container that was killed, restarted or stopped last week must not fail today's start; while that is still `starting`
    containers, one that stands still was not reached yet, or is being replaced.
    """
    earlier = {c.name: c for c in before}
    return tuple(_without_past(earlier[c.name], c, starting) if c.name in earlier else c for c in now)


def first_broken(services: Sequence[Service], states: Sequence[ServiceState]) -> ServiceState | None:
    """Given services in dependency order and their states, return the first that is not well, or None.

    A service that failed outranks one that is still starting, because the latter may only be waiting for it.
    """
    by_name = {s.service: s for s in states}
    bad = [by_name[s.name] for s in services if s.name in by_name and not by_name[s.name].ok]
    return next(iter([*(s for s in bad if has_failed(s)), *bad]), None)


def has_failed(state: ServiceState) -> bool:
    """Given a state, say whether the service failed, as opposed to one that was not started or is still starting."""
    return state.hopeless or state.state in ("unhealthy", "restarting", "out of memory")


def last_error_line(log: str) -> str:
    """Given the end of a log, return its last line that speaks of an error, else its last line, else ""."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.search(line)]
    return (errors or lines or [""])[-1][:300]


def _service_state(name: str, wanted: int, own: Sequence[Container]) -> ServiceState:
    if len(own) < wanted:
        return ServiceState(
            name,
            "not created" if not own else "missing",
            False,
            detail=f"{len(own)} of {wanted} containers" if wanted > 1 else "",
        )
    states = [_container_state(name, c) for c in own]
    return min(states, key=lambda s: (s.ok, not s.hopeless))


def _without_past(old: Container, c: Container, starting: bool) -> Container:
    restarts = c.restarts - old.restarts if c.restarts >= old.restarts else c.restarts
    untouched = c.started_at == old.started_at and c.status in ("exited", "dead")
    return replace(
        c,
        restarts=restarts,
        # The engine keeps the mark of an old memory kill through automatic restarts.
        oom_killed=c.oom_killed and (restarts > 0 or not old.oom_killed),
        status="created" if starting and untouched else c.status,
    )


def _container_state(name: str, c: Container) -> ServiceState:
    if (c.status == "running" and not c.oom_killed) or (c.status == "running" and c.health == "healthy"):
        if c.health in ("", "healthy"):
            return ServiceState(name, "healthy" if c.health else "running", True)
        if c.restarts >= 3:
            return ServiceState(name, "restarting", False, True, f"restarted {c.restarts} times")
        return ServiceState(name, c.health, False)
    if c.oom_killed:
        return ServiceState(name, "out of memory", False, c.restarts >= 1, f"killed at its limit of {c.limit} MiB")
    if c.status == "exited":
        return ServiceState(name, "exited", False, True, f"exit code {c.exit_code}")
    if c.status == "restarting":
        return ServiceState(
            name, "restarting", False, c.restarts >= 3, f"exit code {c.exit_code}, restarted {c.restarts} times"
        )
    return ServiceState(name, c.status, False)
