"""`dm up`: plan, check the host, start, and wait until every service does its real work."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datameesh_cli.core.health import (
    ServiceState,
    first_broken,
    has_failed,
    judged_since,
    last_error_line,
    service_states,
)
from datameesh_cli.core.selection import Selection
from datameesh_cli.core.stream import Report
from datameesh_cli.errors import DmError, HostError, UnhealthyError, UserError
from datameesh_cli.usecases.build_images import Told, build_missing
from datameesh_cli.usecases.derive_secrets import derive_secrets, mode_warning, read_mode, secrets_of
from datameesh_cli.usecases.enforce_network import guard, place_services, wanted_image
from datameesh_cli.usecases.mark_inputs import made_of
from datameesh_cli.usecases.plan_memory import Planned, plan_selection
from datameesh_cli.usecases.refresh_checkout import refresh_checkout
from datameesh_cli.usecases.sign_in import ROTATING, cut_short

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters

Watch = Callable[[Sequence[ServiceState], float], None]


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What the user asked of `up`. `ram` in MiB, `timeout` in seconds, `quotas` in MiB by namespace."""

    profiles: tuple[str, ...] = ()
    ram: int | None = None
    timeout: float = 300
    dry_run: bool = False
    build: bool = True
    quotas: Mapping[str, int] = field(default_factory=dict)
    services: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def selection(self) -> Selection:
        """What of the model is asked for."""
        return Selection(self.profiles, self.services, self.without)


@dataclass(frozen=True, slots=True)
class Started:
    """A stack that is up (or would be, after a dry run): its plan, each service's state, and the seconds it took."""

    planned: Planned
    states: tuple[ServiceState, ...]
    seconds: float
    dry_run: bool = False
    warning: str = ""
    """What must be known of the mode that it runs in."""


def start_profile(
    adapters: Adapters, request: StartRequest, watch: Watch, report: Report, builds: Told | None = None
) -> Started:
    """Given a request, start the profiles and return when every service is healthy.

    `watch` gets the states once a second, `report` a line per step, `builds` of missing images. Nothing is started, and nothing
    written but the lock, when the plan, the address, the ports or the model are refused. Raise HostError for the host's part,
    UnhealthyError, naming the first broken link, when a service fails.
    """
    began = adapters.clock.now()
    if request.dry_run:
        planned = plan_selection(adapters, request.selection, request.ram, quotas=request.quotas)
        _look_at_ports(adapters, planned, report)
        return Started(planned, (), adapters.clock.now() - began, dry_run=True)
    with adapters.state.locked("up"):
        # Not before: a `dm up` or `dm down` that ends in this moment changes what runs, and with it the plan.
        planned = plan_selection(adapters, request.selection, request.ram, quotas=request.quotas)
        _look_at_ports(adapters, planned, report)
        if left_half := cut_short(adapters):
            report(left_half)
        refresh_checkout(adapters, report)
        images = [*_images(adapters, planned), *filter(None, [wanted_image(adapters)])]
        if request.build:
            build_missing(adapters, images, report, builds)
        _refuse_missing_images(adapters, images)
        _write_state(adapters, planned)
        if place_services(adapters, planned.model.services, report):
            guard(adapters, planned.model.services, report)
        states = _start_and_wait(adapters, planned, request.timeout, watch)
        adapters.state.remove(ROTATING)
    return Started(planned, states, adapters.clock.now() - began, warning=mode_warning(read_mode(adapters)))


def current_states(adapters: Adapters, planned: Planned) -> tuple[ServiceState, ...]:
    """Given a plan, return the state of each service that it runs, as it is now."""
    return service_states(planned.services, planned.replicas, adapters.engine.containers(adapters.project))


def _images(adapters: Adapters, planned: Planned) -> list[str]:
    """The image of each service as Compose sees it: the user may have chosen another one (TRINO_IMAGE=...).

    The model is resolved with a draft of the variables, so that one that Compose refuses leaves the plan in force alone.
    """
    draft = adapters.state.write_env(planned.variables(adapters), draft=True)
    try:
        resolved = adapters.compose.resolve([*planned.plan.profiles, "job"], draft)["services"]
    finally:
        adapters.state.remove(draft.name)
    wanted = [s for s in planned.services if s.name not in planned.selection.without]
    return sorted({resolved[s.name]["image"] if s.name in resolved else s.image for s in wanted})


def _write_state(adapters: Adapters, planned: Planned) -> None:
    adapters.state.ensure_secrets(secrets_of(adapters, planned.services))
    derive_secrets(adapters, planned.services, adapters.state)
    adapters.state.keep_port_offset()
    adapters.state.write_env(planned.variables(adapters))
    in_force = {
        "profiles": planned.selection.profiles,
        "services": planned.selection.services,
        "without": planned.selection.without,
        "budget": planned.plan.budget,
        "ports": planned.chosen,
        "made_of": made_of(adapters),
        "bind": planned.bind.address,
        "quotas": planned.quotas,
    }
    adapters.state.write("plan.json", json.dumps(in_force))


def _start_and_wait(adapters: Adapters, planned: Planned, timeout: float, watch: Watch) -> tuple[ServiceState, ...]:
    began = adapters.clock.now()
    before = adapters.engine.containers(adapters.project)
    left = sorted({c.service for c in before if c.service in planned.selection.without})
    if left:
        adapters.compose.remove(left)
    with adapters.compose.starting(planned.plan.profiles, _to_start(planned)) as at_work:
        while True:
            failed: UnhealthyError | None = None
            try:
                working = at_work()
            except UnhealthyError as stopped:
                working, failed = False, stopped
            containers = judged_since(before, adapters.engine.containers(adapters.project), starting=working)
            states = service_states(planned.services, planned.replicas, containers)
            elapsed = adapters.clock.now() - began
            watch(states, elapsed)
            if not working and not failed and all(s.ok for s in states):
                return states
            broken = first_broken(planned.services, states)
            if failed and not (broken and has_failed(broken)):
                raise failed
            if broken and (failed or broken.hopeless or elapsed > timeout):
                raise _explain(adapters, broken, elapsed)
            if elapsed > timeout:
                raise UnhealthyError(f"Compose did not end within {elapsed:.0f} s", "see: dm status; then: dm up")
            adapters.clock.sleep(0.5 if elapsed < 30 else 1.0)


def _to_start(planned: Planned) -> list[str]:
    """Every service, so that one which the budget leaves out goes, but those that the user leaves out."""
    return [s.name for s in planned.services if s.kind == "service" and s.name not in planned.selection.without]


def _explain(adapters: Adapters, broken: ServiceState, elapsed: float) -> DmError:
    container = next((c for c in adapters.engine.containers(adapters.project) if c.service == broken.service), None)
    line = last_error_line(adapters.engine.log_tail(container.name)) if container else ""
    detail = f" ({broken.detail})" if broken.detail else ""
    message = f"{broken.service} is {broken.state}{detail} after {elapsed:.0f} s" + (
        f"; its log says: {line}" if line else ""
    )
    if broken.state == "out of memory":
        return UnhealthyError(message, "give the stack more: dm up --ram <more>; see the plan: dm plan")
    if broken.hopeless:
        return UnhealthyError(message, f"see: dm why {broken.service}, dm logs {broken.service}; then: dm up")
    return UnhealthyError(
        message,
        f"see: dm logs {broken.service}; a slow machine may need longer: dm up --wait-timeout {elapsed * 2:.0f}",
    )


def _look_at_ports(adapters: Adapters, planned: Planned, report: Report) -> None:
    _refuse_taken_ports(adapters, planned)
    for warning in (*planned.warnings, planned.bind.warning):
        if warning:
            report(warning)


def _refuse_taken_ports(adapters: Adapters, planned: Planned) -> None:
    address = planned.bind.address
    if not adapters.host.has_address(address):
        raise UserError(
            f"DM_BIND={address} is not an address of this machine",
            "see its addresses: ip -4 addr; or leave DM_BIND out",
        )
    busy = [p for p in planned.ports if not adapters.host.is_port_free(address, p.host)]
    ours = {c.name for c in adapters.engine.containers(adapters.project)} if busy else set()
    named = {}
    for port in busy:
        container = adapters.engine.publishing(port.host)
        if container in ours:
            continue
        holder = f"container {container}" if container else adapters.host.port_holder(port.host) or "another program"
        named[port.variable] = f"port {port.host} (for {port.service}) is taken by {holder}"
    if named:
        move = f"{next(iter(named))}=<port> dm up"
        raise HostError(
            "; ".join(named.values()), f"stop it, or move ours: {move}; or start a second stack: dm --name other up"
        )


def _refuse_missing_images(adapters: Adapters, images: Sequence[str]) -> None:
    missing = adapters.engine.missing_images(images)
    if missing:
        raise HostError("missing images: " + ", ".join(missing), "run: dm images build, or dm images load FILE")
