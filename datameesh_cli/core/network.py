"""Who is who on the stack's network, and who may talk to whom there: addresses that stay, and the rules of the bridge.

A container is known by its address. The engine hands out another one at each start, so every service has a block of its own:
the first address is the service's, the others are for what runs in its name (a job, a probe of a check). The upper half of the
network is for everybody else, and nobody in it may anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from datameesh_cli.core.model import Service, connections
from datameesh_cli.errors import HostError

BLOCK_VARIABLE = "DM_ADDRESS_BLOCK"
"""The variable that says how many addresses a service has."""
ADDRESSES = "network.env"
"""The file of these variables, beside that of the plan: a network that Compose makes by itself knows no such addresses."""
_MOST, _FEWEST = 16, 2
_BLOCKS = 64


def address_variable(service: str) -> str:
    """Given a service's name, return the variable that its address is read from: `sales-api` -> `SALES_API_ADDRESS`."""
    return service.upper().replace("-", "_") + "_ADDRESS"


def strangers(subnet: str) -> str:
    """Given a network, return the half of it from which the engine serves whoever asks for no address of its own."""
    return str(list(IPv4Network(subnet).subnets(1))[1])


def stand_ins(first: str, block: int) -> tuple[str, ...]:
    """Given a service's address and the size of its block, return the addresses of what runs in its name."""
    return tuple(str(IPv4Address(first) + n) for n in range(1, block))


@dataclass(frozen=True, slots=True)
class Layout:
    """A network and the place of each service on it; place 0 holds the engine's own addresses."""

    subnet: str
    places: Mapping[str, int]

    @property
    def block(self) -> int:
        """How many addresses a service has: 16, fewer where the engine gave a small network."""
        return min(_MOST, IPv4Network(self.subnet).num_addresses // 2 // _BLOCKS)

    def address(self, service: str) -> str:
        """Given a service's name, return its address."""
        return str(IPv4Network(self.subnet).network_address + self.places[service] * self.block)

    def whole_block(self, service: str) -> str:
        """Given a service's name, return all addresses that have its rights, as a network."""
        return f"{self.address(service)}/{32 - (self.block - 1).bit_length()}"

    @property
    def variables(self) -> dict[str, str]:
        """What the Compose model reads: each service's address, and how many each has."""
        found = {address_variable(name): self.address(name) for name in sorted(self.places)}
        return found | {BLOCK_VARIABLE: str(self.block)}


def laid_out(subnet: str, names: Iterable[str], before: Mapping[str, int]) -> Layout:
    """Given a network, services and the places of earlier, return the places of now: nobody moves, whoever is new gets a free one.

    Raise HostError where they do not fit.
    """
    wanted = sorted(names)
    places = {name: before[name] for name in wanted if before.get(name, 0) > 0}
    free = (n for n in range(1, len(wanted) + len(before) + 1) if n not in places.values())
    places |= {name: next(free) for name in wanted if name not in places}
    layout = Layout(subnet, places)
    if layout.block < _FEWEST or max(places.values(), default=0) >= _BLOCKS:
        raise HostError(
            f"the engine's network {subnet} is too small to give every service addresses of its own",
            "give the engine larger ones: default-address-pools with a size of 24 or less in daemon.json",
        )
    return layout


@dataclass(frozen=True, slots=True)
class Opening:
    """A connection that the rules let through: who opens it, to which service, at which port inside."""

    source: str
    target: str
    port: int

    @property
    def name(self) -> str:
        """What is shown of it, and what its rule is called."""
        return f"{self.source} -> {self.target}:{self.port}"


def openings(services: Iterable[Service]) -> tuple[Opening, ...]:
    """Given services, return every connection that they declare, as the policies on a cluster have them."""
    known = {s.name: s for s in services}
    found = {Opening(s.name, e.service, e.port) for s in known.values() for e in (*connections(s, known), *s.outside)}
    return tuple(sorted(found, key=lambda o: (o.source, o.target, o.port)))


def rules(table: str, layout: Layout, services: Iterable[Service], user: int) -> str:
    """Given a table's name, the layout, the services and the number of the user that runs `dm`, return the rules as nft reads them.

    Read as a whole or not at all, in place of what the table held. They keep no state, so they need nothing of the kernel but
    tables of the bridge family, and a container that starts again has its rights before it has sent anything.
    """
    edges, ways_out, ways_in = _elements(layout, tuple(services))
    return _RULES.format(
        table=table,
        subnet=layout.subnet,
        users=", ".join(dict.fromkeys(("0", str(user)))),
        edges=_set("edges", "ip saddr . ip daddr . tcp dport", edges, flags="\t\tflags interval\n"),
        ways_out=_set("ways_out", "ip saddr . ip daddr . tcp dport", ways_out, flags="\t\tflags interval\n"),
        ways_in=_set("ways_in", "ip daddr . tcp dport", ways_in),
    )


def elements(layout: Layout, services: Iterable[Service]) -> frozenset[str]:
    """Given the layout and the services, return what the sets of their rules hold, as nft shows it."""
    return frozenset(key for held in _elements(layout, tuple(services)) for key in held)


def _elements(layout: Layout, services: tuple[Service, ...]) -> tuple[dict[str, str], ...]:
    """The elements of the three sets, each with the name of what it lets through."""
    inside = {s.name for s in services}
    edges, ways_out = {}, {}
    for o in openings(services):
        if o.target in inside:
            edges[f"{layout.whole_block(o.source)} . {layout.address(o.target)} . {o.port}"] = o.name
        else:
            ways_out[f"{layout.whole_block(o.source)} . {addresses_of(o.target)} . {o.port}"] = o.name
    published = sorted((s.name, p.inside) for s in services for p in s.ports)
    return edges, ways_out, {f"{layout.address(name)} . {port}": f"{name}:{port}" for name, port in published}


def addresses_of(host: str) -> str:
    """Given a host outside of the stack, return the addresses that are let out to: its own, or every one where it is a name.

    A rule knows addresses and no names, here as on a cluster.
    """
    try:
        return str(IPv4Address(host))
    except ValueError:
        return "0.0.0.0/0"


def _set(name: str, of: str, held: Mapping[str, str], flags: str = "") -> str:
    lines = ",\n".join(f'\t\t\t{element} comment "{what}"' for element, what in held.items())
    inside = f"\t\telements = {{\n{lines}\n\t\t}}\n" if held else ""
    return f"\tset {name} {{\n\t\ttypeof {of}\n{flags}{inside}\t}}\n"


def no_rules(table: str) -> str:
    """Given a table's name, return what removes it, whether it is there or not."""
    return f"table bridge {table}\ndelete table bridge {table}\n"


_RULES = """\
table bridge {table}
delete table bridge {table}
table bridge {table} {{
{edges}{ways_out}{ways_in}\
	# From one container to another.
	chain between {{
		type filter hook forward priority filter; policy accept;
		ip saddr {subnet} jump declared
	}}
	chain declared {{
		ip saddr . ip daddr . tcp dport @edges accept
		tcp flags & (syn | ack) != syn ip daddr . ip saddr . tcp sport @edges accept
		counter drop comment "between"
	}}
	# From a container to this machine, and through it to anywhere else: answers, names, and what a provider of people needs.
	chain outward {{
		type filter hook input priority filter; policy accept;
		ip saddr {subnet} jump outside
	}}
	chain outside {{
		tcp flags & (syn | ack) != syn accept
		meta l4proto {{ tcp, udp }} th dport 53 accept
		ip saddr . ip daddr . tcp dport @ways_out accept
		counter drop comment "outward"
	}}
	# From this machine to a container: what is published, and what root and the stack's own user ask.
	chain inward {{
		type filter hook output priority filter; policy accept;
		ip daddr {subnet} tcp flags & (syn | ack) == syn jump asked
	}}
	chain asked {{
		ip daddr . tcp dport @ways_in accept
		meta skuid {{ {users} }} accept
		counter drop comment "inward"
	}}
}}
"""
CHAINS = frozenset(re.findall(r"chain (\w+) ", _RULES))
"""The chains of a whole table."""
REFUSALS = frozenset(re.findall(r'drop comment "(\w+)"', _RULES))
"""The directions in which it refuses."""
