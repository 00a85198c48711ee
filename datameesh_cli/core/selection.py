"""What is started of the model: whole profiles, single services with all that they need, and what is left out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datameesh_cli.core.model import Model, Service, in_dependency_order
from datameesh_cli.core.schema import nearest
from datameesh_cli.errors import UserError


@dataclass(frozen=True, slots=True)
class Selection:
    """Profiles, services that are wanted with everything they need, and services that are left out although they belong to it."""

    profiles: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"profiles {', '.join(self.profiles)}"] if self.profiles else []
        parts += [f"{', '.join(self.services)} with what it takes"] if self.services else []
        return " and ".join(parts) + (f", without {', '.join(self.without)}" if self.without else "")


def understood(model: Model, typed: Selection) -> Selection:
    """Given what was typed, a profile perhaps among the services, return what it means. Raise UserError for a wrong name."""
    known = {s.name for s in model.services}
    of_profile = {p.name for p in model.profiles} - known
    for name in (*typed.services, *typed.without):
        if name not in known and (name in typed.without or name not in of_profile):
            raise UserError(f"there is no service '{name}'", nearest(name, sorted(known), "services"))
        if name in typed.services and name in typed.without:
            raise UserError(f"'{name}' is to be started and to be left out", "say one of them")
    profiles = model.closure([*typed.profiles, *(n for n in typed.services if n in of_profile)])
    return Selection(profiles, tuple(n for n in typed.services if n in known), typed.without)


def members(model: Model, wanted: Selection) -> tuple[Service, ...]:
    """Given what is wanted, return its services and jobs in dependency order, those that are left out among them.

    A service stands for all that it waits for or talks to; what only one that is left out would need is not there.
    """
    names = {s.name for s in model.of_profiles(wanted.profiles)}
    waiting = list(wanted.services)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += () if name in wanted.without else needs(model.service(name))
    return in_dependency_order([s for s in model.services if s.name in names | seen])


def needs(service: Service) -> tuple[str, ...]:
    """Given a service, return those that it waits for at its start or talks to later."""
    return (*service.depends_on, *(edge.service for edge in service.consumes))


def together(model: Model, before: Selection, asked: Selection) -> Selection:
    """Given what runs and what is asked for, return both. What was left out comes back when it is asked for."""
    again = {s.name for s in members(model, asked)} - set(asked.without)
    kept = [name for name in before.without if name not in again]
    return Selection(
        model.closure([*before.profiles, *asked.profiles]),
        tuple(n for n in dict.fromkeys([*before.services, *asked.services]) if n not in asked.without),
        tuple(dict.fromkeys([*kept, *asked.without])),
    )


def reduced(model: Model, before: Selection, names: Sequence[str]) -> Selection:
    """Given what runs and services that are to go, return what stays."""
    left = Selection(before.profiles, tuple(n for n in before.services if n not in names), before.without)
    still = {s.name for s in members(model, left)}
    without = [n for n in dict.fromkeys([*before.without, *names]) if n in still]
    return Selection(left.profiles, left.services, tuple(without))


def missed(running: Sequence[Service], gone: Sequence[Service]) -> tuple[str, ...]:
    """Given what runs, and what is left out by hand, return a line for each service that somebody talks to.

    One that may be left out says so in its folder, and nobody misses it. Raise UserError for one that another
    waits for at its start.
    """
    lines = []
    for service in gone:
        waiting = [s.name for s in running if service.name in s.depends_on]
        if waiting:
            raise UserError(
                f"{waiting[0]} cannot start without {service.name}", f"name both: {service.name} and {waiting[0]}"
            )
        talking = sorted(s.name for s in running if any(e.service == service.name for e in s.consumes))
        if talking and not service.leave_out:
            lines.append(f"warning: {', '.join(talking)} will not reach {service.name}, which is left out")
    return tuple(lines)
