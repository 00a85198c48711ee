"""What differs between two exports, leaf by leaf, and the Compose key that each difference comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datameesh_cli.core.k8s.objects import Object, identity, service_of
from datameesh_cli.core.k8s.source import Source


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: kind and name of the object, the path in it, before and after, and the Compose key behind it."""

    kind: str
    name: str
    path: str
    before: str
    after: str
    key: str


_PATHS = (
    (r"resources\.(limits|requests)\.memory$", "deploy.resources.limits.memory"),
    (r"resources\.requests\.cpu$", "x-datameesh.kubernetes.priority"),
    (r"\.env\[(?P<name>[^\]]+)\]", "environment.{name}"),
    (r"\.sizeLimit$", "deploy.resources.limits.memory (a tmpfs without a size of its own)"),
    (r"\.emptyDir|mountPath", "tmpfs"),
    (r"\.image$", "image"),
    (r"\.(args|command)", "command"),
    (r"Probe", "healthcheck"),
    (r"securityContext", "user, read_only, cap_drop, security_opt"),
    (r"initContainers", "depends_on"),
    (r"config-hash", "configs"),
    (r"image-id$", "image (another one has its name now)"),
    (r"projected|configMap", "configs, secrets"),
    (r"volumeClaimTemplates", "volumes"),
    (r"terminationGrace", "stop_grace_period"),
    (r"replicas$", "deploy.replicas"),
    (r"priorityClassName", "x-datameesh.kubernetes.priority"),
    (r"prometheus", "x-datameesh.kubernetes.metrics"),
)
_KINDS = {
    "Namespace": "x-datameesh.namespace",
    "PriorityClass": "x-datameesh.kubernetes.priority",
    "ResourceQuota": "sum of deploy.resources.limits.memory, volumes and ports",
    "LimitRange": "least and largest deploy.resources.limits.memory",
    "NetworkPolicy": "x-datameesh.consumes, depends_on, ports",
    "ServiceAccount": "x-datameesh.namespace",
    "Role": "x-datameesh.kubernetes.roles",
    "RoleBinding": "x-datameesh.kubernetes.roles",
    "HorizontalPodAutoscaler": "x-datameesh.kubernetes.scale",
    "PodDisruptionBudget": "x-datameesh.kubernetes.scale",
    "PersistentVolumeClaim": "volumes",
    "Ingress": "x-datameesh.urls",
    "ServiceMonitor": "x-datameesh.kubernetes.metrics",
    "Service": "ports, expose, networks.mesh.aliases",
}


def changes(before: Sequence[Object], after: Sequence[Object], source: Source) -> Iterator[Change]:
    """Given the objects of two exports and the source of the second, yield what differs, in order."""
    old, new = {identity(o): o for o in before}, {identity(o): o for o in after}
    for key in sorted(set(old) | set(new)):
        namespace, kind, name = key
        label = "/".join(part for part in (namespace, name) if part)
        one, other = old.get(key), new.get(key)
        if one is None or other is None:
            there = one or other or {}
            said = ("", "added") if one is None else ("there", "removed")
            yield Change(kind, label, "", *said, _key(there, "", source))
            continue
        left, right = dict(leaves(one)), dict(leaves(other))
        for path in sorted(set(left) | set(right)):
            if left.get(path) != right.get(path):
                yield Change(kind, label, path, left.get(path, ""), right.get(path, ""), _key(other, path, source))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Given a parsed value, yield (path, text) of every leaf; entries of a list go by their name where they have one."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            name = inner.get("name", number) if isinstance(inner, Mapping) else number
            yield from leaves(inner, f"{path}[{name}]")
    else:
        yield path, str(value)


def _key(o: Mapping[str, Any], path: str, source: Source) -> str:
    kind, name = str(o.get("kind")), identity(o)[2]
    if kind == "ConfigMap":
        return f"configs.{name}"
    service = service_of(o)
    if kind in _KINDS:
        return f"services.{service}: {_KINDS[kind]}" if service else _KINDS[kind]
    if not path:
        here = source.part(service) is not None
        return f"services.{service}" + ("" if here else " (not in the model, left out by the plan, or another profile)")
    for pattern, key in _PATHS:
        match = re.search(pattern, path)
        if match:
            return f"services.{service}." + key.format(**match.groupdict())
    return f"services.{service}"
