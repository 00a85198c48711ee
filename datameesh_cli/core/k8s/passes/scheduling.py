"""Who stays when a node is full, and for what is scaled: an autoscaler, a disruption budget, pods on different nodes."""

from __future__ import annotations

from typing import Any

from datameesh_cli.core.declaration import PRIORITIES, Scale
from datameesh_cli.core.k8s.kubernetes_pass import Applied, kubernetes_pass
from datameesh_cli.core.k8s.objects import COMMON, NAME, Object, Objects, edited, pod, remade
from datameesh_cli.core.k8s.passes.adopt import metadata
from datameesh_cli.core.k8s.passes.controllers import scale_of
from datameesh_cli.core.k8s.source import Part, Source

_MADE = ("PriorityClass", "HorizontalPodAutoscaler", "PodDisruptionBudget")
_SAYS = {
    "storage": "databases and the lake",
    "query": "the query engine",
    "serving": "what answers people and programs",
    "notebooks": "people's own sessions",
    "jobs": "what can run again later",
}


@kubernetes_pass(
    makes={Applied.CLUSTER: ("PriorityClass",), Applied.AROUND: ("HorizontalPodAutoscaler", "PodDisruptionBudget")},
    after=("controllers",),
)
def scheduling(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with priorities, and with HPA, PDB and anti-affinity for each service that is scaled."""

    def change(o: Object, part: Part) -> None:
        pod(o)["priorityClassName"] = class_name(part.priority)
        pod(o).pop("affinity", None)
        if scale_of(part, source) or part.replicas > 1:
            pod(o)["affinity"] = _apart(part)

    used = sorted({p.priority for p in source.parts})
    fresh = [_priority(name) for name in used]
    for part in source.parts:
        scale = scale_of(part, source)
        fresh += [_autoscaler(part, scale)] if scale else []
        fresh += [_budget(part, scale)] if scale or part.replicas > 1 else []
    return remade(edited(objects, source, change), lambda o: o["kind"] in _MADE, fresh)


def class_name(priority: str) -> str:
    """Given a priority, return the name of its class."""
    return f"datameesh-{priority}"


def most(part: Part, source: Source) -> int:
    """Given an exported service, return the most pods it may have (without the one more of a rolling update)."""
    scale = scale_of(part, source)
    return 1 if part.kind == "Job" else scale.max if scale else part.replicas


def _apart(part: Part) -> dict[str, Any]:
    term = {"labelSelector": {"matchLabels": {NAME: part.name}}, "topologyKey": "kubernetes.io/hostname"}
    weighted = [{"weight": 100, "podAffinityTerm": term}]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": weighted}}


def _priority(name: str) -> Object:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": class_name(name), "labels": dict(COMMON)},
        "value": PRIORITIES[name],
        "globalDefault": False,
        "description": f"DataMeesh: {_SAYS[name]}",
    }


def _autoscaler(part: Part, scale: Scale) -> Object:
    # A mean in millicores and no percentage: the request is small on purpose, and any load is a multiple of it.
    metrics: list[dict[str, Any]] = [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": f"{scale.cpu}m"}},
        }
    ]
    if scale.memory:
        use = {"type": "Utilization", "averageUtilization": scale.memory}
        metrics.append({"type": "Resource", "resource": {"name": "memory", "target": use}})
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(part),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": part.kind, "name": part.name},
            "minReplicas": scale.min,
            "maxReplicas": scale.max,
            "metrics": metrics,
        },
    }


def _budget(part: Part, scale: Scale | None) -> Object:
    # With one pod, "at least one" would keep every node from being emptied.
    least = scale.min if scale else part.replicas
    rule: dict[str, Any] = {"minAvailable": 1} if least > 1 else {"maxUnavailable": 1}
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(part),
        "spec": {**rule, "selector": {"matchLabels": {NAME: part.name}}},
    }
