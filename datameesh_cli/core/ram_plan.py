"""From services and a budget to a limit for each container, a heap for each JVM, and every number that follows.

A pure function: the same plan is what `dm plan` prints, what `dm up` applies and what Kubernetes gets. Each service first
gets its `min`; what is left is shared in proportion to how far each is from its `want`. A service with `leave-out` joins
only from the budget its folder names. A job's limit is reserved like a service's, so a running job never breaks the plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from datameesh_cli.core.declaration import Setting
from datameesh_cli.core.memory import format_mib
from datameesh_cli.core.model import Service
from datameesh_cli.errors import HostError

RESERVE_MIB = 1024
"""What the default budget leaves to the engine, the kernel and the desktop (the matrix counts 256 MiB for the engine alone)."""

TOLERANCE = 0.05
"""Budgets are compared with 5 %: an '8 GB' engine reports 7.7 GiB, and refusing it over rounding helps nobody."""


@dataclass(frozen=True, slots=True)
class MemoryShare:
    """What one service gets: MiB for one container, how many of them, and why."""

    service: str
    limit: int
    replicas: int
    heap: int | None
    settings: Mapping[str, int]
    share_of_budget: float
    why: str


@dataclass(frozen=True, slots=True)
class RamPlan:
    """The plan for a budget. `variables` are what the Compose model reads."""

    budget: int
    profiles: tuple[str, ...]
    shares: tuple[MemoryShare, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The sum of all limits in MiB, replicas and jobs included."""
        return sum(share.limit * share.replicas for share in self.shares)

    def share(self, service: str) -> MemoryShare | None:
        """Given a service name, return its share, or None if the plan does not know it."""
        return next((s for s in self.shares if s.service == service), None)


def default_budget(engine_mib: int) -> int:
    """Given the engine's memory in MiB, return the budget when the user names none."""
    return max(engine_mib - RESERVE_MIB, 0)


def plan_ram(
    services: Iterable[Service], budget: int, profiles: tuple[str, ...] = (), without: Collection[str] | None = ()
) -> RamPlan:
    """Given the services that are wanted, a budget in MiB and those that the user leaves out (None: he cannot), return the plan.

    Raise HostError with the whole arithmetic if even the minima do not fit.
    """
    everyone = tuple(services)
    joins = _joins_at(everyone)
    by_hand = without or ()
    out = [s for s in everyone if s.name in by_hand or budget < joins.get(s.name, 0)]
    running = [s for s in everyone if s not in out]
    needed = _minimum(running)
    if budget < needed:
        raise HostError(*_refusal(running, budget, needed, can_leave_out=without is not None))
    limits = _spread(running, budget - needed)
    shares = tuple(_share(s, limits[s.name], budget) for s in running)
    extra: dict[str, str] = {}
    says: dict[str, str] = {}
    for service in out:
        rule = service.leave_out
        why = "left out by hand" if service.name in by_hand else f"left out below {format_mib(joins[service.name])}"
        says[service.name] = f"{why}: {rule.says}" if rule else why
        extra.update(rule.set if rule else {})
    return RamPlan(budget, profiles, shares, says, extra)


def plan_variables(plan: RamPlan, services: Iterable[Service]) -> dict[str, str]:
    """Given a plan and the services it was made of, return the variables that the Compose model reads, in a stable order."""
    variables: dict[str, str] = {}
    for service in services:
        share = plan.share(service.name)
        if service.leave_out:
            variables[f"{service.env_prefix}_REPLICAS"] = str(share.replicas if share else 0)
        if share is None:
            continue
        variables[f"{service.env_prefix}_LIMIT"] = str(share.limit)
        if share.heap is not None:
            variables[f"{service.env_prefix}_HEAP"] = str(share.heap)
        for name, value in share.settings.items():
            variables[f"{service.env_prefix}_{name}"] = str(value)
    return dict(sorted((variables | dict(plan.extra)).items()))


def _minimum(services: Iterable[Service]) -> int:
    return sum(s.ram.min * s.replicas for s in services)


def _joins_at(services: tuple[Service, ...]) -> dict[str, int]:
    """From which budget each optional service takes part: what its folder says, but never so early that minima do not fit."""
    running = [s for s in services if not s.leave_out]
    groups: dict[str, list[tuple[int, Service]]] = {}
    for service in services:
        if service.leave_out:
            of = service.leave_out.together or service.name
            groups.setdefault(of, []).append((service.leave_out.below, service))
    joins: dict[str, int] = {}
    for below, _, group in sorted((max(b for b, _ in g), name, g) for name, g in groups.items()):
        running += [service for _, service in group]
        joins |= {service.name: max(below, _minimum(running)) for _, service in group}
    return joins


def _spread(services: list[Service], rest: int) -> dict[str, int]:
    """Share `rest` MiB in proportion to want - min; nobody gets more than it wants; rounded down to 8 MiB."""
    room = sum((s.ram.want - s.ram.min) * s.replicas for s in services)
    if rest >= room:
        return {s.name: s.ram.want for s in services}
    part = rest / room
    return {s.name: s.ram.min + int((s.ram.want - s.ram.min) * part) // 8 * 8 for s in services}


def _share(service: Service, limit: int, budget: int) -> MemoryShare:
    heap = None
    if service.heap:
        heap = int(min(limit - service.heap.outside, service.heap.share * limit))
    settings = {name: _setting(rule, limit, heap) for name, rule in service.settings.items()}
    if limit >= service.ram.want:
        why = "all it can use"
    elif limit == service.ram.min:
        why = "its minimum"
    else:
        why = f"minimum {service.ram.min} + its part of the rest (wants {service.ram.want})"
    if service.kind == "job":
        why += "; held for a job"
    return MemoryShare(service.name, limit, service.replicas, heap, settings, limit * service.replicas / budget, why)


def _setting(rule: Setting, limit: int, heap: int | None) -> int:
    base = limit if rule.of == "limit" or heap is None else heap
    value = max(rule.min, int(base * rule.share))
    return value if rule.max is None else min(value, rule.max)


def _refusal(services: list[Service], budget: int, needed: int, *, can_leave_out: bool) -> tuple[str, str]:
    largest = sorted(services, key=lambda s: (-s.ram.min * s.replicas, s.name))
    arithmetic = " + ".join(f"{s.name} {s.ram.min * s.replicas}" for s in largest)
    message = f"the budget is {format_mib(budget)}, these services need at least {needed} MiB: {arithmetic} = {needed}"
    hint = f"the smallest budget that would do: --ram {needed}m"
    waited_for = {name for s in services for name in s.depends_on}
    savings = [f"--without {s.name} saves {s.ram.min * s.replicas}" for s in largest if s.name not in waited_for]
    return message, f"{hint}; or leave one out of dm up: {', '.join(savings)} (MiB)" if can_leave_out else hint
