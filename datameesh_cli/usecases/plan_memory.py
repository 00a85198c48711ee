"""Which services, which budget, which plan: decided the same way for `plan`, `up` and everything that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datameesh_cli.core.memory import format_mib
from datameesh_cli.core.model import Model, Service
from datameesh_cli.core.quota import refuse_over_quota
from datameesh_cli.core.ram_plan import TOLERANCE, RamPlan, default_budget, plan_ram, plan_variables
from datameesh_cli.core.selection import Selection, members, missed, together, understood
from datameesh_cli.core.stack import PRIVATE, Bind, StackPort, bind_of, stack_ports
from datameesh_cli.errors import HostError

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters

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
    selection: Selection = field(default_factory=Selection)
    warnings: tuple[str, ...] = ()
    """Who will miss what was left out."""

    @property
    def replicas(self) -> dict[str, int]:
        """How many containers of each service the plan runs (0 for one that is left out)."""
        return {s.name: (share.replicas if (share := self.plan.share(s.name)) else 0) for s in self.services}

    def variables(self, adapters: Adapters) -> dict[str, str]:
        """Return everything that the Compose model reads: the plan, the ports, and where the secrets lie."""
        ports = {p.variable: str(p.host) for p in self.ports}
        return (
            plan_variables(self.plan, self.services)
            | ports
            | {"DM_SECRETS": str(adapters.state.secrets), "DM_BIND": self.bind.address}
        )


def plan_memory(adapters: Adapters, profiles: Sequence[str], ram: int | None, *, elsewhere: bool = False) -> Planned:
    """Given profiles (none: what runs, else analytics) and a budget in MiB, plan them as `plan_selection` does."""
    return plan_selection(adapters, Selection(tuple(profiles)), ram, elsewhere=elsewhere)


def plan_selection(
    adapters: Adapters,
    asked: Selection,
    ram: int | None,
    *,
    elsewhere: bool = False,
    alone: bool = False,
    quotas: Mapping[str, int] | None = None,
) -> Planned:
    """Given what is wanted (nothing: what runs, else analytics) and MiB (None: the budget in force, else the engine's), plan.

    It is planned together with what is in force, which goes on running; `alone`: by itself.
    `elsewhere`: for another machine than this one, so what runs here does not count, nor what the engine here has.
    `quotas` (MiB by namespace) add to those in force.

    Raise UserError for an unknown profile, namespace or a broken fragment, or for a service that is left out and that another one
    needs at its start; HostError for a budget too small or beyond the engine, or for a namespace over its quota.
    """
    model = adapters.repository.model()
    asked = understood(model, asked)
    before = None if elsewhere else running_plan(adapters)
    anything = bool(asked.profiles or asked.services)
    wanted = together(model, before.selection if before and not (alone and anything) else Selection(), asked)
    if not (wanted.profiles or wanted.services):
        wanted = together(model, wanted, Selection((DEFAULT_PROFILE,), (), asked.without))
    services = members(model, wanted)
    running = [s for s in services if s.name not in wanted.without]
    chosen = _chosen_ports(running, before, adapters.host.environment())
    bind = bind_of(adapters.host.environment().get("DM_BIND") or (before.bind if before else ""))
    ports = stack_ports(running, adapters.state.port_offset(), chosen)
    if ram is None and before:
        budget, source = before.budget, "the budget in force"
    elif ram is not None and elsewhere:
        budget, source = ram, "as asked"
    else:
        budget, source = _budget(adapters, ram)
    profiles = model.closure([*wanted.profiles, *sorted({s.profile for s in services})])
    plan = plan_ram(services, budget, profiles, None if elsewhere else wanted.without)
    working = [s for s in running if plan.share(s.name)]
    warnings = missed(working, [s for s in services if s.name in wanted.without])
    allowed = dict(before.quotas if before else {}) | dict(quotas or {})
    refuse_over_quota(plan, model.services, allowed)
    return Planned(model, services, plan, ports, source, chosen, bind, allowed, wanted, warnings)


@dataclass(frozen=True, slots=True)
class InForce:
    """What the running stack was started with: what of the model, its budget, the ports, address and quotas."""

    profiles: tuple[str, ...]
    budget: int
    ports: Mapping[str, str] = field(default_factory=dict)
    bind: str = ""
    quotas: Mapping[str, int] = field(default_factory=dict)
    services: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def selection(self) -> Selection:
        """What of the model was wanted."""
        return Selection(self.profiles, self.services, self.without)


def running_plan(adapters: Adapters) -> InForce | None:
    """Return what the stack was last started with, or None after `down` or before the first start."""
    saved = adapters.state.read_json("plan.json")
    if not isinstance(saved, dict) or not isinstance(saved.get("budget"), int):
        return None
    ports, quotas = (dict(saved.get(key) or {}) for key in ("ports", "quotas"))
    profiles, services, without = (tuple(saved.get(key) or ()) for key in ("profiles", "services", "without"))
    return InForce(profiles, saved["budget"], ports, str(saved.get("bind") or ""), quotas, services, without)


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan of what was asked, and what runs beside it (None: nothing does)."""

    planned: Planned
    running: InForce | None


def preview_plan(adapters: Adapters, asked: Selection, ram: int | None) -> Preview:
    """Given what is wanted and a budget, plan exactly that, whatever runs. Changes nothing. Raise as `plan_memory` does."""
    return Preview(plan_selection(adapters, asked, ram, alone=True), running_plan(adapters))


def _chosen_ports(
    services: Sequence[Service], before: InForce | None, environment: Mapping[str, str]
) -> dict[str, str]:
    """The ports that the environment names now, else those named when the stack was started: `dm urls` runs in another shell."""
    known = {p.variable for s in services for p in s.ports}
    named = dict(before.ports if before else {}) | dict(environment)
    return {variable: text for variable, text in named.items() if variable in known}


def _budget(adapters: Adapters, ram: int | None) -> tuple[int, str]:
    try:
        engine = adapters.engine.info().memory
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
