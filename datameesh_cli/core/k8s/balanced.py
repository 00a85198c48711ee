"""What Compose does with a container that shares out among others alike is a Service's work on a cluster.

So the container goes, and its name, ports and ways in are those of one Deployment of as many pods as there are others.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Any

from datameesh_cli.core.model import Service


def whom_to_ask(service: Service, running: Container[str]) -> str:
    """Given a service and the names of what runs, return whose container tells what both targets have of it: its own, or where
    it shares out among others alike that run, the first of these."""
    return next((name for name in service.balances if name in running), service.name)


def folded(services: Sequence[Service], bodies: Mapping[str, Any]) -> tuple[list[Service], dict[str, Any]]:
    """Given services and the resolved Compose body of each by name, return those that a cluster has, and their bodies."""
    known = {s.name: s for s in services}
    found = {s.name: (s, bodies[s.name]) for s in services}
    for front in services:
        alike = [known[name] for name in front.balances if name in known]
        for each in alike:
            del found[each.name]
        if alike:
            found[front.name] = _pods_of(front, alike, bodies)
    return [service for service, _ in found.values()], {name: body for name, (_, body) in found.items()}


def _pods_of(front: Service, alike: Sequence[Service], bodies: Mapping[str, Any]) -> tuple[Service, Any]:
    first, own = bodies[alike[0].name], bodies[front.name]
    service = replace(
        alike[0],
        name=front.name,
        ports=front.ports,
        listens=tuple(dict.fromkeys([*front.listens, *alike[0].listens])),
        aliases=front.aliases,
        provides=front.provides,
        urls=front.urls,
        balances=front.balances,
        replicas=len(alike),
    )
    body = dict(first) | {"deploy": dict(first["deploy"]) | {"replicas": len(alike)}}
    for key in ("networks", "ports", "labels", "expose"):
        body.pop(key, None)
        if key in own:
            body[key] = own[key]
    return service, body
