"""The one network of a stack, as the engine has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Protocol

from datameesh_cli.adapters import answers, docker
from datameesh_cli.errors import HostError

_NAME = "mesh"
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A network that is there: its addresses, those that the engine hands out ("" for all), and who has one now."""

    subnet: str
    handed_out: str
    addresses: tuple[str, ...]


class Network(Protocol):
    """What a use case may ask of this file."""

    def find(self, project: str) -> Found | None: ...
    def make(self, project: str, handed_out: Callable[[str], str]) -> str: ...
    def remove(self, project: str) -> None: ...


def network_name(project: str) -> str:
    """Given a Compose project, return what its network is called."""
    return f"{project}_{_NAME}"


def find(project: str) -> Found | None:
    """Given a Compose project, return its network, or None if it is not there. Raise HostError if no engine answers."""
    done = docker.run("network", "inspect", network_name(project), timeout=30)
    # Each version of docker has its own words for it.
    if done.code and any(sign in done.err.lower() for sign in ("no such network", "not found")):
        return None
    if done.code:
        raise docker.failure("look at the stack's network", done.err)
    with answers.understood("docker network inspect"):
        (data,) = answers.json_of("docker network inspect", done.out)
        configs = (data.get("IPAM") or {}).get("Config") or ()
        ours = next((c for c in configs if IPv4Network(c["Subnet"])), {"Subnet": "0.0.0.0/0"})
        on_it = (data.get("Containers") or {}).values()
        taken = sorted(c["IPv4Address"].partition("/")[0] for c in on_it if c.get("IPv4Address"))
        return Found(ours["Subnet"], ours.get("IPRange") or "", tuple(taken))


def make(project: str, handed_out: Callable[[str], str]) -> str:
    """Given a Compose project, make its network and return its addresses; `handed_out` says which of them the engine may choose.

    Which network is free the engine knows best: it makes one of its choice, and that one is made again with its range.
    """
    labels = [f"com.docker.compose.project={project}", f"com.docker.compose.network={_NAME}"]
    # An engine may be told to give every network IPv6: the rules know addresses of IPv4 only.
    words = ["--ipv6=false", *(word for label in labels for word in ("--label", label))]
    for left in reversed(range(_TRIES)):
        docker.said("network", "create", *words, network_name(project), doing="make the stack's network")
        chosen = find(project)
        remove(project)
        if chosen:
            again = ["--subnet", chosen.subnet, "--ip-range", handed_out(chosen.subnet)]
            # The engine's own address, which it would else take out of that range.
            again += ["--gateway", str(IPv4Network(chosen.subnet)[1])]
            done = docker.run("network", "create", *words, *again, network_name(project))
            if not done.code:
                return chosen.subnet
            # Another stack may have taken it in this moment.
            if not left or "overlap" not in done.err.lower():
                raise docker.failure("make the stack's network", done.err)
    raise HostError("the engine made no network for the stack", "see: docker network ls; then: dm up")


def remove(project: str) -> None:
    """Given a Compose project, remove its network. Raise NetworkHeldError if somebody is on it."""
    docker.said("network", "rm", network_name(project), doing="remove the stack's network")


def free(project: str, candidates: Sequence[str]) -> list[str]:
    """Given addresses on a project's network, return those that nobody has."""
    found = find(project)
    return [address for address in candidates if not found or address not in found.addresses]
