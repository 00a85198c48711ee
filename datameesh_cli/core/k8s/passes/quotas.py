"""Each namespace may hold what the plan holds and no more; the sums, and how they come about, are printed.

limits.memory = sum of limit x most pods + jobs + the one pod more of a rolling update. Requests of memory are the limits.
"""

from __future__ import annotations

from dataclasses import dataclass

from datameesh_cli.core.k8s.kubernetes_pass import Applied, kubernetes_pass
from datameesh_cli.core.k8s.objects import COMMON, Object, Objects, remade
from datameesh_cli.core.k8s.passes.controllers import scale_of, surges
from datameesh_cli.core.k8s.passes.ports import exposed
from datameesh_cli.core.k8s.passes.resources import cpu
from datameesh_cli.core.k8s.passes.scheduling import most
from datameesh_cli.core.k8s.passes.volumes import size_of
from datameesh_cli.core.k8s.source import Part, Source
from datameesh_cli.core.memory import mib

_MADE = ("ResourceQuota", "LimitRange")
NAME = "datameesh"


@dataclass(frozen=True, slots=True)
class Sum:
    """What one namespace may hold: MiB, millicores, claims, their MiB, NodePorts; and the sum of the memory written out."""

    namespace: str
    memory: int
    cpu: int
    claims: int
    storage: int
    node_ports: int
    arithmetic: str


@kubernetes_pass(makes={Applied.LIMITS: ("ResourceQuota", "LimitRange")}, after=("adopt",))
def quotas(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with a ResourceQuota and a LimitRange for each namespace."""
    fresh = [made for total in sums(source) for made in (_quota(total), _range(total.namespace, source))]
    return remade(objects, lambda o: o["kind"] in _MADE, fresh)


def sums(source: Source) -> tuple[Sum, ...]:
    """Return what each namespace may hold."""
    return tuple(_sum(name, source) for name in sorted({p.namespace for p in source.parts}))


def _pods(part: Part, source: Source) -> int:
    return most(part, source) + (1 if surges(part, scaled=scale_of(part, source) is not None) else 0)


def _sum(namespace: str, source: Source) -> Sum:
    parts = [p for p in source.parts if p.namespace == namespace]
    claims = [(size_of(v["source"], source), most(p, source)) for p in parts for v in p.claims]
    return Sum(
        namespace=namespace,
        memory=sum(p.limit * _pods(p, source) for p in parts),
        cpu=sum(cpu(p) * _pods(p, source) for p in parts),
        claims=sum(count for _, count in claims),
        storage=sum(int(mib(size)) * count for size, count in claims),
        node_ports=sum(len(exposed(p)) for p in parts),
        arithmetic=" + ".join(_term(p, source) for p in parts),
    )


def _term(part: Part, source: Source) -> str:
    pods = _pods(part, source)
    why = "job" if part.kind == "Job" else "with one more while rolling" if pods > most(part, source) else ""
    return f"{part.name} {part.limit}" + (f" x {pods}" if pods > 1 else "") + (f" ({why})" if why else "")


def _quota(total: Sum) -> Object:
    hard = {
        "limits.memory": f"{total.memory}Mi",
        "requests.memory": f"{total.memory}Mi",
        "requests.cpu": f"{total.cpu}m",
        "persistentvolumeclaims": str(total.claims),
        "requests.storage": f"{total.storage}Mi",
        "services.nodeports": str(total.node_ports),
        "services.loadbalancers": "0",
    }
    return _object("ResourceQuota", total.namespace, {"hard": hard})


def _range(namespace: str, source: Source) -> Object:
    limits = [p.limit for p in source.parts if p.namespace == namespace]
    least, largest = f"{min(limits)}Mi", f"{max(limits)}Mi"
    rule = {
        "type": "Container",
        "min": {"memory": least},
        "max": {"memory": largest},
        "default": {"memory": least},
        "defaultRequest": {"cpu": "20m", "memory": least},
    }
    return _object("LimitRange", namespace, {"limits": [rule]})


def _object(kind: str, namespace: str, spec: dict[str, object]) -> Object:
    meta = {"name": NAME, "namespace": namespace, "labels": dict(COMMON)}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, "spec": spec}
