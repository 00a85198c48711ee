"""Memory as planned: request = limit, in MiB (Compose's M is 2^20). CPU is requested, little, and never limited.

A pod that may use what it asked for is never evicted for it. Requests of CPU are small because the laptop's two cores are shared:
they say who gets how much when all want some, not who may start.
"""

from __future__ import annotations

from typing import Any

from datameesh_cli.core.k8s.kubernetes_pass import kubernetes_pass
from datameesh_cli.core.k8s.objects import Object, Objects, container, edited, pod
from datameesh_cli.core.k8s.source import Part, Source

CPU = 50
"""Millicores that a container asks for when its model says nothing: the same weight for all, as on Compose."""


@kubernetes_pass(after=("waiting",))
def resources(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with the requests and limits of every container, init containers included."""

    def change(o: Object, part: Part) -> None:
        # An init container runs before the others, so the same figures cost nothing more.
        for own in [container(o), *pod(o).get("initContainers", ())]:
            own["resources"] = of(part)

    return edited(objects, source, change)


def of(part: Part) -> dict[str, Any]:
    """Given an exported service, return the resources of its container."""
    memory = f"{part.limit}Mi"
    return {"limits": {"memory": memory}, "requests": {"cpu": f"{cpu(part)}m", "memory": memory}}


def cpu(part: Part) -> int:
    """Given an exported service, return the millicores it asks for: what it reserves, else its weight among the others."""
    reserved = ((part.body["deploy"]["resources"].get("reservations")) or {}).get("cpus")
    if reserved:
        return round(float(reserved) * 1000)
    # The kernel's weight follows from the request, so a fourth of the shares is a fourth of the request.
    return max(1, round(CPU * int(part.body.get("cpu_shares") or 1024) / 1024))
