"""`dm secrets rotate`: new values for secrets, in force with everybody who has them.

Who reads a secret again while it runs gets the new value in the file that it has mounted. Who reads it at its start only is stopped
before the value changes and started after it, so that nobody ever comes with a value that is not in force.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datameesh_cli.core.health import first_broken
from datameesh_cli.core.identity.people import password_of
from datameesh_cli.core.model import Service, in_waves, needs_of
from datameesh_cli.core.roles import SQL
from datameesh_cli.core.schema import nearest
from datameesh_cli.core.stream import Report
from datameesh_cli.errors import UnhealthyError, UserError
from datameesh_cli.usecases.apply_export import ROTATED, digest_of
from datameesh_cli.usecases.derive_secrets import derive_again, makers_of, secrets_of
from datameesh_cli.usecases.open_target import ChosenCluster, trino_of
from datameesh_cli.usecases.plan_memory import Planned, plan_memory
from datameesh_cli.usecases.sign_in import ROTATE, ROTATING, cut_short
from datameesh_cli.usecases.start_profile import current_states

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.state import State

FOLLOWED = 12
"""Seconds after which who reads its secrets again has done so (10), and has let go of the old ones."""


@dataclass(frozen=True, slots=True)
class RotateRequest:
    """What the user asked for: secrets, services or people, or all; seconds that statements get to end (0: they are
    not waited for), and services to start."""

    names: tuple[str, ...] = ()
    every: bool = False
    patience: float = 60
    timeout: float = 300


@dataclass(frozen=True, slots=True)
class Rotated:
    """The secrets that have a new value, what was made anew of them, and who was started anew; `running`: the stack was up.

    `context` is the cluster whose secrets these are, "" for the stack's own.
    """

    secrets: tuple[str, ...]
    derived: tuple[str, ...]
    restarted: tuple[str, ...]
    running: bool
    seconds: float
    context: str = ""


def rotate_secrets(adapters: Adapters, request: RotateRequest, report: Report) -> Rotated:
    """Given names, give these secrets new values and return when those are in force and the old ones are refused.

    Whatever ends it early, Ctrl-C too, leaves each secret as it was or new, and running what ran. Raise UserError for a name that
    cannot be rotated, and UnhealthyError while statements run that a restart would end, or what one that was killed has stopped
    is not started; nothing is changed then.
    """
    began = adapters.clock.now()
    left_half = cut_short(adapters)
    with adapters.state.locked(ROTATE):
        names = _chosen(adapters, request, adapters.state)
        if left_half and adapters.state.read_json(ROTATING).get("stopped"):
            raise UnhealthyError(left_half, "nothing was changed now")
        running = {c.service for c in adapters.engine.containers(adapters.project) if c.status == "running"}
        planned = plan_memory(adapters, (), None)
        waves = _waves(planned.model.services, running, names)
        services = tuple(s.name for wave in waves for s in wave)
        _wait_for_statements(adapters, planned, services, request.patience, report)
        asked = "--all" if request.every else " ".join(request.names)
        adapters.state.write_private(ROTATING, json.dumps({"asked": asked, "stopped": services}))
        with _stopped(adapters, services, report) as left:
            # Ctrl-C is heard afterwards: what is made of a password shall not stay that of the old one.
            with adapters.undisturbed():
                adapters.state.replace_secrets({name: adapters.state.new_secret(name) for name in names})
                derived = derive_again(adapters)
            written = adapters.clock.now()
            for wave in waves:
                _start(adapters, planned, wave, request.timeout, report)
                left.difference_update(s.name for s in wave)
        if running:
            report("waiting until the new values are in force everywhere")
            adapters.clock.sleep(max(0.0, written + FOLLOWED - adapters.clock.now()))
    return Rotated(names, derived, services, bool(running), adapters.clock.now() - began)


def rotate_on_cluster(adapters: Adapters, request: RotateRequest, cluster: ChosenCluster) -> Rotated:
    """Given names and a cluster, give the secrets of the export there new values, which the next apply brings to it."""
    began = adapters.clock.now()
    context = adapters.chosen_context(cluster.context)
    export = adapters.state.of_export(context)
    with adapters.state.locked(ROTATE):
        if not export.secret_names():
            raise UserError(f"no export was applied to '{context}' from here", f"see: dm k8s apply --context {context}")
        names = _chosen(adapters, request, export)
        # Kept first: whatever happens next, the cluster has a value that was ours.
        replaced = {name: digest_of(export.secret(name)) for name in names}
        export.write_private(ROTATED, json.dumps(replaced | (export.read_json(ROTATED) or {})))
        export.replace_secrets({name: export.new_secret(name) for name in names})
    return Rotated(names, (), (), False, adapters.clock.now() - began, context)


def _chosen(adapters: Adapters, request: RotateRequest, store: State) -> tuple[str, ...]:
    """The secrets that are meant, sorted."""
    services = adapters.repository.model().services
    known = set(secrets_of(adapters, services)).intersection(store.secret_names())
    if not known:
        raise UserError("no secrets exist yet", "they are made by: dm up")
    if request.every:
        return tuple(sorted(known))
    if not request.names:
        raise UserError("nothing is named", "dm secrets rotate NAME, or --all; names: " + ", ".join(sorted(known)))
    return tuple(sorted({found for name in request.names for found in _meant(adapters, name, known)}))


def _meant(adapters: Adapters, name: str, known: set[str]) -> set[str]:
    """The secrets that a name stands for: itself, the password of somebody, or all that are called after a service."""
    services = adapters.repository.model().services
    if name in known:
        return {name}
    if password_of(name) in known:
        return {password_of(name)}
    own = {secret for secret in known if secret.startswith(f"{name}-")}
    if own and name in {s.name for s in services}:
        return own
    if name in makers_of(services):
        raise UserError(
            f"'{name}' has no value of its own: it is made of people, passwords and the stack's authority",
            "rotate what it is made of, such as a person's password: dm secrets rotate --all",
        )
    raise UserError(f"there is no secret '{name}'", nearest(name, sorted(known), "secrets"))


def _waves(services: Sequence[Service], running: set[str], names: Sequence[str]) -> tuple[tuple[Service, ...], ...]:
    """Who runs and reads one of these secrets at its start only, in the order in which they are started."""
    holders = [s for s in services if s.name in running and s.kind == "service"]
    return in_waves((s for s in holders if any(s.reads_once(name) for name in names)), services)


def _wait_for_statements(
    adapters: Adapters, planned: Planned, services: Sequence[str], patience: float, report: Report
) -> None:
    """A restart of the query engine, or of what it asks, would end what it runs."""
    needs = needs_of(planned.model.services)
    engines = [s.name for s in planned.model.services if SQL in s.provides]
    if not patience or not any(needs[engine].intersection(services) for engine in engines):
        return
    engine, deadline, said = trino_of(adapters, planned), adapters.clock.now() + patience, 0
    while True:
        try:
            count = engine.at_work()
        except (UnhealthyError, UserError):
            return  # who does not answer runs nothing
        if count <= 0:
            return
        if adapters.clock.now() >= deadline:
            raise UnhealthyError(
                f"{count} statements still run, and would be lost: nothing was changed",
                "wait for them, or end them (dm audit queries says whose they are); without regard to them: --now",
            )
        if count != said:
            report(f"waiting for {count} running statements to end")
            said = count
        adapters.clock.sleep(1)


@contextmanager
def _stopped(adapters: Adapters, services: Sequence[str], report: Report) -> Iterator[set[str]]:
    """Stop services for the block. Whoever is still in the set at its end is started again, without being waited for."""
    left = set(services)
    try:
        if services:
            report(f"stopping {', '.join(reversed(services))}")
            adapters.compose.stop(services)
        yield left
    finally:
        if left:
            adapters.compose.start(sorted(left))
        adapters.state.remove(ROTATING)


def _start(adapters: Adapters, planned: Planned, wave: Sequence[Service], timeout: float, report: Report) -> None:
    names = [s.name for s in wave]
    report(f"starting {', '.join(names)}")
    adapters.compose.start(names)
    deadline = adapters.clock.now() + timeout
    while True:
        states = [s for s in current_states(adapters, planned) if s.service in names]
        if all(s.ok for s in states):
            return
        broken = first_broken(wave, states)
        if broken and adapters.clock.now() > deadline:
            raise UnhealthyError(
                f"{broken.service} is {broken.state} after {timeout:.0f} s with its new secrets",
                f"see: dm why {broken.service}, dm logs {broken.service}; then: dm up",
            )
        adapters.clock.sleep(0.5)
