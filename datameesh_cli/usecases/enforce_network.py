"""`dm net`, and what `up` and `down` do of it: every service gets its address, and only declared connections are let through."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datameesh_cli.core.identity.providers import opened
from datameesh_cli.core.model import Service
from datameesh_cli.core.network import (
    ADDRESSES,
    CHAINS,
    REFUSALS,
    Layout,
    Opening,
    elements,
    laid_out,
    no_rules,
    openings,
    rules,
    strangers,
)
from datameesh_cli.core.stream import Report
from datameesh_cli.errors import DmError, HostError, UnhealthyError
from datameesh_cli.usecases.derive_secrets import read_providers

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters

_FILE = "network.json"
OPEN = "every container on the stack's network reaches every other"
"""What it means that no rules are set."""


@dataclass(frozen=True, slots=True)
class Enforced:
    """How the network is guarded. `state` is in force, out of date, off or not in force; `refused` counts packets by direction."""

    state: str
    edges: tuple[Opening, ...]
    subnet: str = ""
    refused: Mapping[str, int] = field(default_factory=dict)


def wanted_image(adapters: Adapters) -> str:
    """Return the image that sets the rules; "" where the user switched them off, or the checkout makes no such image."""
    return "" if _kept(adapters).get("off") else _image(adapters)


def place_services(adapters: Adapters, services: Sequence[Service], report: Report) -> bool:
    """Given all services of the model, see to a network on which each has addresses of its own; return whether there is one.

    Where that is not possible say so: the stack starts all the same, and nothing guards it. A network that somebody is on is
    left as it is.
    """
    adapters.state.remove(ADDRESSES)
    if not _image(adapters):
        return False
    try:
        found = adapters.network.find(adapters.project)
        if found and found.handed_out != strangers(found.subnet):
            if found.addresses:
                report(_warning("the network was made before services had addresses of their own", "dm down; dm up"))
                return False
            adapters.network.remove(adapters.project)
            found = None
        subnet = found.subnet if found else adapters.network.make(adapters.project, strangers)
        if not found:
            _clear(adapters, subnet)
        kept = _kept(adapters)
        layout = laid_out(subnet, (s.name for s in services), kept.get("places") or {})
        _keep(adapters, kept | {"subnet": subnet, "places": dict(layout.places)})
    except DmError as refused:
        report(_warning(refused.message, refused.hint))
        return False
    adapters.state.write(ADDRESSES, "".join(f"{k}={v}\n" for k, v in layout.variables.items()))
    return True


def guard(adapters: Adapters, services: Sequence[Service], report: Report) -> None:
    """Given all services of the model, set the rules before they start; say so in one line where that is not possible."""
    try:
        _set(adapters, wanted_image(adapters), services)
    except DmError as refused:
        report(_warning(refused.message, refused.hint))


def follow(adapters: Adapters, report: Report) -> None:
    """After a change of what is let through: set the rules anew where they are set."""
    if _kept(adapters).get("set"):
        guard(adapters, adapters.repository.model().services, report)


def enforce(adapters: Adapters) -> Enforced:
    """Set the rules now, and at every later `up`. Raise HostError where the engine cannot, UnhealthyError where nothing runs."""
    services = adapters.repository.model().services
    with adapters.state.locked("net enforce"):
        image = _image(adapters)
        if not image or adapters.engine.missing_images([image]):
            raise HostError("the image that sets the rules is missing", f"run: dm images build {adapters.rules.FOLDER}")
        found = adapters.network.find(adapters.project)
        _keep(adapters, {**_kept(adapters), "off": False})
        if not found:
            raise UnhealthyError("there is no network yet; the rules are set with it", "start the stack: dm up")
        if found.handed_out != strangers(found.subnet) or _layout(adapters, found.subnet) is None:
            raise UnhealthyError("the services have no addresses of their own yet", "dm down; dm up")
        new = sorted({s.name for s in services} - set(_kept(adapters)["places"]))
        if new:
            raise UnhealthyError(
                f"{', '.join(new)} came after the last start and has no address yet", "start it: dm up"
            )
        _set(adapters, image, services)
    return show(adapters)


def lift(adapters: Adapters) -> Enforced:
    """Take the rules away, now and at every later `up`."""
    with adapters.state.locked("net off"):
        kept = remove_rules(adapters)
        _keep(adapters, {**_kept(adapters), "off": True})
        if kept:
            raise HostError(kept, "then again: dm net off")
    return Enforced("off", openings(_services(adapters)))


def show(adapters: Adapters) -> Enforced:
    """Return what is declared, and whether the kernel holds just that. Changes nothing."""
    services = _services(adapters)
    declared = openings(services)
    kept, image = _kept(adapters), _image(adapters)
    if kept.get("off"):
        return Enforced("off", declared)
    found = adapters.network.find(adapters.project)
    layout = _layout(adapters, found.subnet) if found else None
    there = image and not adapters.engine.missing_images([image])
    table = adapters.rules.look(image, adapters.project) if there and layout else None
    if not table or not layout:
        return Enforced("not in force", declared, found.subnet if found else "")
    missing = {s.name for s in services} - set(layout.places)
    whole = table.chains >= CHAINS and set(table.refused) == REFUSALS
    same = whole and not missing and table.elements == elements(layout, services)
    return Enforced("in force" if same else "out of date", declared, layout.subnet, table.refused)


def guarded(adapters: Adapters) -> str:
    """Return in a word how the network of what runs is guarded, as `Enforced` has it; "" where that cannot be told."""
    try:
        return show(adapters).state if _image(adapters) else ""
    except DmError:
        return ""


def remove_rules(adapters: Adapters) -> str:
    """Take the stack's rules out of the kernel; return what kept them there, "" where nothing did. Without any, do nothing."""
    kept, image = _kept(adapters), _image(adapters)
    if not kept.get("set") or not image:
        return ""
    try:
        adapters.rules.put(image, no_rules(adapters.project))
    except DmError as refused:
        return f"the rules of the network stay: {refused.message}; {refused.hint}"
    _keep(adapters, {**kept, "set": False})
    return ""


def _clear(adapters: Adapters, subnet: str) -> None:
    """Take away what a stack that had these addresses before left in the kernel: one that was not ended by `dm down`."""
    image = _image(adapters)
    if adapters.engine.missing_images([image]):
        return
    for name in adapters.rules.tables_of(image, subnet):
        table = adapters.rules.look(image, name)
        if table and table.chains >= CHAINS:
            adapters.rules.put(image, no_rules(name))


def _set(adapters: Adapters, image: str, services: Sequence[Service]) -> None:
    kept = _kept(adapters)
    layout = _layout(adapters, str(kept.get("subnet") or ""))
    if image and layout:
        # Before, for a signal may come between the two: `down` then removes what may be there.
        _keep(adapters, {**kept, "set": True})
        open_too = opened(services, read_providers(adapters))
        adapters.rules.put(image, rules(adapters.project, layout, open_too, adapters.host.user()))


def _services(adapters: Adapters) -> tuple[Service, ...]:
    return opened(adapters.repository.model().services, read_providers(adapters))


def _layout(adapters: Adapters, subnet: str) -> Layout | None:
    kept = _kept(adapters)
    if not subnet or kept.get("subnet") != subnet or not kept.get("places"):
        return None
    return laid_out(subnet, kept["places"], kept["places"])


def _image(adapters: Adapters) -> str:
    everyone = adapters.image_folders.read_images(adapters.repository.root)
    return next((i.reference for i in everyone if i.name == adapters.rules.FOLDER), "")


def _kept(adapters: Adapters) -> dict[str, Any]:
    kept = adapters.state.read_json(_FILE)
    return kept if isinstance(kept, dict) else {}


def _keep(adapters: Adapters, content: Mapping[str, Any]) -> None:
    adapters.state.write(_FILE, json.dumps(content))


def _warning(why: str, hint: str) -> str:
    return f"warning: {OPEN}: {why} ({hint})"
