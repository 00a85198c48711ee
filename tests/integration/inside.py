"""Who reaches whom on a running Compose stack, tried from its containers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datameesh_cli.adapters import network
from tests.integration.stack import Stack, docker
from tests.reach import BASH, Entry, declared

IMAGE = "datameesh/base:13"
BYSTANDER = "bystander"
"""A container on the stack's network that is no service of it."""

needs_networks_of_this_machine = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/var/run/docker.sock").exists(), reason="needs root beside the engine"
)


def places(stack: Stack) -> dict[str, str]:
    """Everything that listens, by its address -> what it is."""
    model = stack.adapters.repository.model()
    running = {c.service: c.address for c in stack.containers().values()}
    return {f"{running[s.name]}:{p}": f"{s.name}:{p}" for s in model.services if s.name in running for p in s.listens}


def run_as(stack: Stack, running: Mapping[str, str], who: str, *words: str) -> str:
    """Run words in a service's container, or in its name where it has none, or as a stranger; return what they print."""
    if who in running:
        return docker("exec", running[who], *words)
    return beside(stack, "" if who == BYSTANDER else stack.adapters.compose.stand_in(who), words)


def beside(stack: Stack, address: str, words: Iterable[str]) -> str:
    """Run in a container of its own on the stack's network, at an address, or at one of the engine's choice."""
    place = ["--network", network.network_name(stack.project), *(["--ip", address] if address else [])]
    return docker("run", "--rm", *place, "--cap-drop", "ALL", IMAGE, *words)


def containers(stack: Stack) -> dict[str, str]:
    """Each service that runs, and its container."""
    return {c.service: c.name for c in stack.containers().values()}


def everyone(stack: Stack) -> Sequence[str]:
    """All services, jobs and what the plan leaves out as well, and a stranger."""
    return [*(s.name for s in stack.adapters.repository.model().services), BYSTANDER]


def observed(stack: Stack, *who: str) -> set[Entry]:
    """Every connection that can be opened: from each container, from what runs in the name of the others, and from a stranger.

    Or from these alone, which is quicker.
    """
    there, running = places(stack), containers(stack)

    def of(one: str) -> set[Entry]:
        others = [a for a, place in there.items() if place.partition(":")[0] != one]
        return {
            (one, there[line]) for line in run_as(stack, running, one, "bash", "-c", BASH, "probe", *others).split()
        }

    asking = who or everyone(stack)
    with ThreadPoolExecutor(len(asking)) as pool:
        return {entry for found in pool.map(of, asking) for entry in found}


def expected(stack: Stack, *who: str) -> set[Entry]:
    """What the folders declare, of what runs."""
    there = set(places(stack).values())
    # To itself a container always gets: that way leads over no bridge.
    found = declared(stack.adapters.repository.model().services)
    return {e for e in found if e[1] in there and (not who or e[0] in who)}
