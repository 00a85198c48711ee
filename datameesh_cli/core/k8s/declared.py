"""What a service folder declares for Kubernetes: `consumes:` and `kubernetes:` of x-datameesh, read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from datameesh_cli.core.model import Edge, Kubernetes, Metrics, Scale
from datameesh_cli.errors import UserError

KINDS = ("Deployment", "StatefulSet", "Job")
PRIORITIES = {"storage": 100_000, "query": 80_000, "serving": 60_000, "notebooks": 40_000, "jobs": 20_000}
"""Who stays when a node is full: the higher number. Data first, then what answers people, then what can run again later."""

_KEYS = ("kind", "priority", "scale", "grace", "metrics", "roles")
_ROLE_KEYS = ("apiGroups", "resources", "verbs")


def edges_from(entries: Sequence[Any], where: str) -> tuple[Edge, ...]:
    """Given the entries of `consumes:`, return the edges. Raise UserError for one that is not `service:port` or `role:port`."""
    edges = []
    for entry in entries:
        found = re.fullmatch(r"([a-z0-9][a-z0-9-]*):(\d{1,5})", str(entry))
        if not found or not 0 < int(found[2]) < 65536:
            raise UserError(f"{where}: `consumes:` holds {entry!r}", 'write consumes: ["<service or role>:5432"]')
        edges.append(Edge(found[1], int(found[2])))
    return tuple(dict.fromkeys(edges))


def kubernetes_from(data: Any, where: str) -> Kubernetes:
    """Given the content of `kubernetes:` (None: nothing said), return it. Raise UserError for what is not valid."""
    if data is None:
        return Kubernetes()
    own = _mapping(data, "kubernetes", _KEYS, where)
    return Kubernetes(
        kind=_one_of(own.get("kind"), "kind", KINDS, where),
        priority=_one_of(own.get("priority"), "priority", tuple(PRIORITIES), where),
        scale=_scale(own.get("scale"), where),
        grace=None if own.get("grace") is None else _whole(own["grace"], "grace", where),
        metrics=_metrics(own.get("metrics"), where),
        roles=_roles(own.get("roles"), where),
    )


def scale_from(data: Any, key: str, where: str) -> Scale:
    """Given `{min, max, cpu}` and its key, return the scale. Raise UserError for what is not valid."""
    own = _mapping(data, key, ("min", "max", "cpu", "memory"), where)
    low, high, cpu = (_whole(own.get(name), f"{key}.{name}", where) for name in ("min", "max", "cpu"))
    if not 0 < low <= high or cpu == 0:
        raise UserError(f"{where}: {key} needs 0 < min <= max and a cpu above 0", "write {min: 1, max: 2, cpu: 1500}")
    memory = None if own.get("memory") is None else _whole(own["memory"], f"{key}.memory", where)
    return Scale(low, high, cpu, memory)


def _scale(data: Any, where: str) -> Scale | None:
    return None if data is None else scale_from(data, "kubernetes.scale", where)


def _metrics(data: Any, where: str) -> Metrics | None:
    if data is None:
        return None
    own = _mapping(data, "kubernetes.metrics", ("port", "path"), where)
    return Metrics(_whole(own.get("port"), "metrics.port", where), str(own.get("path", "/metrics")))


def _roles(data: Any, where: str) -> tuple[Mapping[str, tuple[str, ...]], ...]:
    if data is None:
        return ()
    if not isinstance(data, list):
        raise UserError(f"{where}: kubernetes.roles must be a list", _ROLE_HINT)
    rules = []
    for entry in data:
        own = _mapping(entry, "kubernetes.roles", _ROLE_KEYS, where)
        texts = {key: own.get(key, [""] if key == "apiGroups" else None) for key in _ROLE_KEYS}
        for key, value in texts.items():
            if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
                raise UserError(f"{where}: kubernetes.roles needs a list of names as `{key}:`", _ROLE_HINT)
        rules.append({key: tuple(value) for key, value in texts.items()})
    return tuple(rules)


_ROLE_HINT = "write roles: [{resources: [pods], verbs: [get, list]}]"


def _mapping(data: Any, key: str, keys: Sequence[str], where: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise UserError(f"{where}: `{key}:` must be a mapping, it is {data!r}", "keys: " + ", ".join(keys))
    unknown = sorted(str(name) for name in set(data) - set(keys))
    if unknown:
        raise UserError(f"{where}: {key} has no key '{unknown[0]}'", "keys: " + ", ".join(keys))
    return data


def _one_of(value: Any, key: str, known: Sequence[str], where: str) -> str | None:
    if value is not None and value not in known:
        raise UserError(f"{where}: kubernetes.{key} '{value}' is unknown", "one of: " + ", ".join(known))
    return None if value is None else str(value)


def _whole(value: Any, key: str, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UserError(f"{where}: `{key}` must be a whole number, it is {value!r}", "correct the number")
    return value
