"""`dm down` and `dm restart`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datameesh_cli.adapters.outside import Outside


@dataclass(frozen=True, slots=True)
class Stopped:
    """What `down` removed, and which volumes still hold data."""

    project: str
    containers: int
    volumes_removed: tuple[str, ...]
    volumes_kept: tuple[str, ...]


def stop_stack(outside: Outside, *, volumes: bool) -> Stopped:
    """Remove every container and the network of the stack, and with `volumes` its data and secrets too.

    Does nothing, without complaint, to a stack that is not there. Raise HostError if another `dm` is at work on it.
    """
    with outside.state.locked("down"):
        before = outside.engine.containers(outside.project)
        had = outside.engine.volumes(outside.project)
        outside.engine.remove_leftover_jobs(outside.project)
        outside.compose.down(volumes=volumes)
        outside.state.remove("plan.json")
        kept = outside.engine.volumes(outside.project)
        if volumes:
            outside.state.forget_secrets()
    return Stopped(outside.project, len(before), tuple(v for v in had if v not in kept), kept)


def restart_services(outside: Outside, services: Sequence[str]) -> tuple[str, ...]:
    """Given service names (all that run if none), stop and start them; return their names. Raise UserError for an unknown one."""
    model = outside.repository.model()
    names = [model.service(name).name for name in services]
    if not names:
        names = sorted({c.service for c in outside.engine.containers(outside.project)})
    with outside.state.locked("restart"):
        if names:
            outside.compose.restart(names)
    return tuple(names)
