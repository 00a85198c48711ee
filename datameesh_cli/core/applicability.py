"""Where a check applies: which services it needs, and why it cannot be run on a stack that lacks one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from datameesh_cli.core.check import Check
from datameesh_cli.core.identity.people import GOVERNED, Mode
from datameesh_cli.core.kind import Needs
from datameesh_cli.core.model import Service
from datameesh_cli.core.roles import providing
from datameesh_cli.core.schema import nearest
from datameesh_cli.errors import UserError

TARGET, PLAN, MODE, DATA, MART = "target", "plan", "mode", "data", "mart"
EXCUSED = (TARGET, PLAN, MODE, DATA)
"""What keeps a check from applying also under `--strict`: another kind of stack, this plan, the mode, the data set. That a mart
is not built is something left undone."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a check does not apply: the kind (`target`, `plan`, `mode`, `data`, `mart`), and the text that is told."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Situation:
    """A running stack, as far as it decides which checks apply: the containers planned for each service (0: left out, absent: its
    profile is not in force), the loaded data sets, and the mode of its people."""

    target: str
    replicas: Mapping[str, int]
    left_out: Mapping[str, str] = field(default_factory=dict)
    loaded: frozenset[str] = frozenset()
    mode: Mode = GOVERNED


def needed_services(check: Check, services: Sequence[Service]) -> tuple[str, ...]:
    """Given a check and all services, return those it cannot do without: what it names and what its action talks to.

    Raise UserError if it names a service or a port variable that does not exist.
    """
    names = (*check.needs, *_talked_to(check.action.needs, check.id, services))
    mentioned = (*names, check.left_out) if check.left_out else names
    known = {s.name for s in services}
    for name in mentioned:
        if name not in known:
            raise UserError(f"{check.id}: there is no service '{name}'", nearest(name, sorted(known), "services"))
    return tuple(dict.fromkeys(names))


def why_not(check: Check, services: Sequence[Service], situation: Situation) -> Reason | None:
    """Given a check, all services and the situation, return why it does not apply, or None if it does.

    A check in a service's folder applies where any service of that folder runs.
    """
    if check.target and check.target != situation.target:
        return Reason(TARGET, f"only on {check.target}")
    for name in needed_services(check, services):
        if reason := _absence(name, services, situation):
            return Reason(PLAN, reason)
    own = [s.name for s in services if check.file == f"services/{s.folder}/smoke.yaml"]
    if own and not any(situation.replicas.get(name) for name in own):
        return Reason(PLAN, _absence(own[0], services, situation))
    if check.left_out and situation.replicas.get(check.left_out, 1):
        return Reason(PLAN, f"only where the plan leaves {check.left_out} out")
    if check.mode and check.mode != situation.mode:
        return Reason(MODE, f"only in mode {check.mode}")
    if check.sets and not situation.loaded & set(check.sets):
        loaded = ", ".join(sorted(situation.loaded)) or "none"
        return Reason(DATA, f"needs data set {' or '.join(check.sets)}; loaded: {loaded}")
    return None


def _talked_to(needs: Needs, of: str, services: Sequence[Service]) -> tuple[str, ...]:
    owners = {port.variable: service.name for service in services for port in service.ports}
    for port in needs.ports:
        if port not in owners:
            raise UserError(f"{of}: no service publishes '{port}'", nearest(port, sorted(owners), "port variables"))
    return (
        *needs.services,
        *(owners[port] for port in needs.ports),
        *(providing(services, role).name for role in needs.roles),
    )


def _absence(name: str, services: Sequence[Service], situation: Situation) -> str:
    if situation.replicas.get(name):
        return ""
    if name in situation.replicas:
        return f"{name} is left out of this plan" + (f": {why}" if (why := situation.left_out.get(name, "")) else "")
    profile = next(s.profile for s in services if s.name == name)
    return f"profile {profile} is not in force"
