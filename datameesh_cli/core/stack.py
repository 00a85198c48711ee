"""A stack's names and ports: which project, which variables, which host port each listener gets."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from datameesh_cli.core.model import Service
from datameesh_cli.errors import UserError

DEFAULT_NAME = "datameesh"
PORT_STEP = 1000
"""A second stack beside the first has all its ports moved by a multiple of this (the first uses 30000-30999)."""


LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"


@dataclass(frozen=True, slots=True)
class Bind:
    """The address of this machine on which the stack's ports are published: by default one that no other machine reaches."""

    address: str = LOOPBACK

    @property
    def reached_at(self) -> str:
        """The address at which this machine itself reaches the ports."""
        return LOOPBACK if self.address == EVERYWHERE else self.address

    @property
    def shown(self) -> str:
        """What stands in a URL."""
        return "localhost" if self.reached_at == LOOPBACK else self.address

    @property
    def warning(self) -> str:
        """What everybody who published the ports to other machines must know; "" for ports that only this machine reaches."""
        if ipaddress.IPv4Address(self.address).is_loopback:
            return ""
        who = "every machine that reaches this one" if self.address == EVERYWHERE else f"whoever reaches {self.address}"
        return (
            f"warning: DM_BIND={self.address} lets {who} use the published ports, with the password of any of the stack's people; "
            f"back to this machine alone: DM_BIND={LOOPBACK} dm up"
        )


PRIVATE = Bind()
"""Reached by this machine alone."""


def bind_of(text: str) -> Bind:
    """Given DM_BIND ("" where nobody said anything), return where the ports are published. Raise UserError if it is no address."""
    try:
        return Bind(str(ipaddress.IPv4Address(text or LOOPBACK)))
    except ValueError as wrong:
        raise UserError(
            f"DM_BIND={text} is not an IPv4 address", f"write DM_BIND={LOOPBACK} or DM_BIND={EVERYWHERE}"
        ) from wrong


@dataclass(frozen=True, slots=True)
class StackPort:
    """A published port of this stack: its variable, the host port, and the service that listens."""

    variable: str
    host: int
    service: str


def project_name(name: str) -> str:
    """Given the stack's name, return its Compose project: `datameesh`, or `datameesh-<name>` for another one.

    Raise UserError for a name that Compose would refuse.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name):
        raise UserError(f"'{name}' can't be a stack's name", "use small letters, digits and '-', such as --name demo2")
    return name if name == DEFAULT_NAME else f"{DEFAULT_NAME}-{name}"


def stack_ports(services: Iterable[Service], offset: int, chosen: Mapping[str, str]) -> tuple[StackPort, ...]:
    """Given services, the stack's port offset and the ports that the user chose by variable, return every published port.

    Raise UserError if a chosen port is not a port, or two listeners would get the same one.
    """
    ports: dict[str, StackPort] = {}
    for service in services:
        for port in service.ports:
            if port.variable in ports:
                raise UserError(
                    f"{ports[port.variable].service} and {service.name} both publish {port.variable}",
                    "give each listener a variable of its own",
                )
            text = chosen.get(port.variable, str(port.default + offset))
            if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
                raise UserError(f"{port.variable}={text} is not a port", "choose a number from 1 to 65535")
            ports[port.variable] = StackPort(port.variable, int(text), service.name)
    by_number: dict[int, StackPort] = {}
    for published in ports.values():
        other = by_number.setdefault(published.host, published)
        if other is not published:
            raise UserError(
                f"{other.variable} and {published.variable} are both {published.host}",
                f"choose another: {published.variable}=<port>",
            )
    return tuple(sorted(ports.values(), key=lambda p: p.host))
