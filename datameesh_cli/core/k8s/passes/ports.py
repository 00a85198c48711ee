"""Services. The port is the container's own, so that `minio:9000` holds on both targets; NodePorts are the plan's."""

from __future__ import annotations

from typing import Any

from datameesh_cli.core.k8s.kubernetes_pass import Applied, kubernetes_pass
from datameesh_cli.core.k8s.objects import NAME, Object, Objects, remade
from datameesh_cli.core.k8s.passes.adopt import metadata
from datameesh_cli.core.k8s.source import Part, Source

NODE_PORTS = range(30000, 32768)


@kubernetes_pass(makes={Applied.NAMES: ("Service",)}, after=("adopt",))
def ports(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with a Service for each service that listens, and a headless one for each StatefulSet."""
    fresh = [s for part in source.parts for s in _services(part)]
    return remade(objects, lambda o: o["kind"] == "Service" and o["spec"].get("type") != "ExternalName", fresh)


def node_port(published: int) -> int:
    """Given a published port, return its NodePort: the same number, moved to 309xx where Kubernetes does not allow it."""
    return published if published in NODE_PORTS else 30900 + published % 100


def exposed(part: Part) -> dict[int, int]:
    """Given an exported service, return its ways in from outside: container port -> NodePort."""
    return {p.inside: node_port(p.default) for p in part.service.ports}


def _services(part: Part) -> list[Object]:
    outside, names = exposed(part), _names(part)
    listeners: list[dict[str, Any]] = [
        {"name": names[p], "port": p, "targetPort": p, "protocol": "TCP"} for p in part.service.listens
    ]
    if part.kind == "Job" or not listeners:
        return []
    published = [p | {"nodePort": outside[p["port"]]} for p in listeners if p["port"] in outside]
    if len(published) in (0, len(listeners)):
        spec = {"type": "NodePort" if published else "ClusterIP", "ports": published or listeners}
        found = [_service(part, part.name, spec)]
    else:
        # A cluster gives every port of a NodePort Service a way in: those that have none need a Service without.
        found = [
            _service(part, part.name, {"type": "ClusterIP", "ports": listeners}),
            _service(part, f"{part.name}-outside", {"type": "NodePort", "ports": published}),
        ]
    if part.kind == "StatefulSet":
        # A pod is found by name before it is ready, as it must be to become so.
        headless = {"type": "ClusterIP", "clusterIP": "None", "publishNotReadyAddresses": True, "ports": listeners}
        found.append(_service(part, f"{part.name}-headless", headless))
    return found


def _names(part: Part) -> dict[int, str]:
    """What a port is called: after its variable (MINIO_API_PORT -> api), else after its number."""
    names = {}
    for port in part.service.ports:
        words = port.variable.removesuffix("_PORT").lower().split("_")
        if len(words) > 1:
            names[port.inside] = "-".join(words[1:])[:15]
    return {p: names.get(p, f"tcp-{p}") for p in part.service.listens}


def _service(part: Part, name: str, spec: dict[str, Any]) -> Object:
    body = {"selector": {NAME: part.name}, **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata(part, name), "spec": body}
