"""What Compose does with a container that shares out among others alike is a Service's work on a cluster.

So the container goes, and its name, ports and ways in are those of one Deployment of as many pods as there are others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from datameesh_cli.core.model import Service


def folded(services: Sequence[Service], bodies: Mapping[str, Any]) -> tuple[list[Service], dict[str, Any]]:
    """Given services and the resolved Compose body of each by name, return those that a cluster has, and their bodies."""
    known = {s.name: s for s in services}
    found = {s.name: (s, bodies[s.name]) for s in services}
    for balancer in services:
        alike = [known[name] for name in balancer.balances if name in known]
        for each in alike:
            del found[each.name]
        if alike:
            found[balancer.name] = _pods_of(balancer, alike, bodies)
    return [service for service, _ in found.values()], {name: body for name, (_, body) in found.items()}


def _pods_of(balancer: Service, alike: Sequence[Service], bodies: Mapping[str, Any]) -> tuple[Service, Any]:
    first, own = bodies[alike[0].name], bodies[balancer.name]
    service = replace(
        alike[0],
        name=balancer.name,
        ports=balancer.ports,
        listens=tuple(dict.fromkeys([*balancer.listens, *alike[0].listens])),
        aliases=balancer.aliases,
        provides=balancer.provides,
        urls=balancer.urls,
        replicas=len(alike),
    )
    body = dict(first) | {"deploy": dict(first["deploy"]) | {"replicas": len(alike)}}
    for key in ("networks", "ports", "labels", "expose"):
        body.pop(key, None)
        if key in own:
            body[key] = own[key]
    return service, body
