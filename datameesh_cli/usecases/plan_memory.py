"""Which profiles, which budget, which plan: decided the same way for `plan`, `up` and everything that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datameesh_cli.core.memory import format_mib
from datameesh_cli.core.model import Model, Service
from datameesh_cli.core.quota import refuse_over_quota
from datameesh_cli.core.ram_plan import TOLERANCE, RamPlan, default_budget, plan_ram, plan_variables
from datameesh_cli.core.stack import PRIVATE, Bind, StackPort, bind_of, stack_ports
from datameesh_cli.errors import HostError

if TYPE_CHECKING:
    from datameesh_cli.adapters.outside import Outside

DEFAULT_PROFILE = "analytics"


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with everything it was made of. `source` says where the budget came from."""

    model: Model
    services: tuple[Service, ...]
    plan: RamPlan
    ports: tuple[StackPort, ...]
    source: str
    chosen: Mapping[str, str]
    """The ports that the user chose, by variable."""
    bind: Bind = PRIVATE
    quotas: Mapping[str, int] = field(default_factory=dict)
    """What each namespace may hold, in MiB, where the user said so."""

    @property
    def replicas(self) -> dict[str, int]:
        """How many containers of each service the plan runs (0 for one that is left out)."""
        return {s.name: (share.replicas if (share := self.plan.share(s.name)) else 0) for s in self.services}

    def variables(self, outside: Outside) -> dict[str, str]:
        """Return everything that the Compose model reads: the plan, the ports, and where the secrets lie."""
        ports = {p.variable: str(p.host) for p in self.ports}
        return (
            plan_variables(self.plan, self.services)
            | ports
            | {"DM_SECRETS": str(outside.state.secrets), "DM_BIND": self.bind.address}
        )


def plan_memory(
    outside: Outside,
    profiles: Sequence[str],
    ram: int | None,
    *,
    elsewhere: bool = False,
    alone: bool = False,
    quotas: Mapping[str, int] | None = None,
) -> Planned:
    """Given profiles (none: those in force, else analytics) and a budget in MiB (None: the one in force, else the engine's), plan.

    Profiles are planned together with those in force, which go on running; `alone`: by themselves.
    `elsewhere`: for another machine than this one, so what runs here does not count, nor what the engine here has.
    `quotas` (MiB by namespace) add to those in force.

    Raise UserError for an unknown profile, namespace or a broken fragment, HostError for a budget too small or beyond the engine,
    or for a namespace over its quota.
    """
    model = outside.repository.model()
    before = None if elsewhere else running_plan(outside)
    kept = before.profiles if before and not (alone and profiles) else ()
    wanted = list(dict.fromkeys([*kept, *profiles])) or [DEFAULT_PROFILE]
    closure = model.closure(wanted)
    services = model.of_profiles(closure)
    chosen = _chosen_ports(services, before, outside.host.environment())
    bind = bind_of(outside.host.environment().get("DM_BIND") or (before.bind if before else ""))
    ports = stack_ports(services, outside.state.port_offset(), chosen)
    if ram is None and before:
        budget, source = before.budget, "the budget in force"
    elif ram is not None and elsewhere:
        budget, source = ram, "as asked"
    else:
        budget, source = _budget(outside, ram)
    plan = plan_ram(services, budget, closure)
    allowed = dict(before.quotas if before else {}) | dict(quotas or {})
    refuse_over_quota(plan, model.services, allowed)
    return Planned(model, services, plan, ports, source, chosen, bind, allowed)


@dataclass(frozen=True, slots=True)
class InForce:
    """What the running stack was started with: its profiles, its budget, and the ports, address and quotas that the user chose."""

    profiles: tuple[str, ...]
    budget: int
    ports: Mapping[str, str] = field(default_factory=dict)
    bind: str = ""
    quotas: Mapping[str, int] = field(default_factory=dict)


def running_plan(outside: Outside) -> InForce | None:
    """Return what the stack was last started with, or None after `down` or before the first start."""
    saved = outside.state.read_json("plan.json")
    if not isinstance(saved, dict) or not isinstance(saved.get("budget"), int):
        return None
    ports, quotas = (dict(saved.get(key) or {}) for key in ("ports", "quotas"))
    return InForce(tuple(saved.get("profiles") or ()), saved["budget"], ports, str(saved.get("bind") or ""), quotas)


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan of what was asked, and what runs beside it (None: nothing does)."""

    planned: Planned
    running: InForce | None


def preview_plan(outside: Outside, profiles: Sequence[str], ram: int | None) -> Preview:
    """Given profiles and a budget, plan exactly these, whatever runs. Changes nothing. Raise as `plan_memory` does."""
    return Preview(plan_memory(outside, profiles, ram, alone=True), running_plan(outside))


def _chosen_ports(
    services: Sequence[Service], before: InForce | None, environment: Mapping[str, str]
) -> dict[str, str]:
    """The ports that the environment names now, else those named when the stack was started: `dm urls` runs in another shell."""
    known = {p.variable for s in services for p in s.ports}
    named = dict(before.ports if before else {}) | dict(environment)
    return {variable: text for variable, text in named.items() if variable in known}


def _budget(outside: Outside, ram: int | None) -> tuple[int, str]:
    try:
        engine = outside.engine.info().memory
    except HostError:
        if ram is None:
            raise
        return ram, "as asked; no engine answers, so it is not compared with what there is"
    if ram is None:
        return (
            default_budget(engine),
            f"what the engine has ({format_mib(engine)}) less the reserve of {format_mib(engine - default_budget(engine))}",
        )
    if ram > engine * (1 + TOLERANCE):
        raise HostError(
            f"the budget is {format_mib(ram)}, the engine has only {format_mib(engine)}",
            f"use at most --ram {engine}m, or give the engine more memory",
        )
    return ram, "as asked"
