"""Kubernetes objects as parsed values, and how passes look at and change them. Nothing here changes what it is given."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from datameesh_cli.core.k8s.source import Part, Source

Object = dict[str, Any]
Objects = tuple[Object, ...]

WORKLOADS = ("Deployment", "StatefulSet", "Job")
NAME = "app.kubernetes.io/name"
PREFIX = "datameesh.io/"
COMMON = {"app.kubernetes.io/managed-by": "dm", "app.kubernetes.io/part-of": "datameesh"}
"""Labels of every object of ours: kubectl get all -A -l app.kubernetes.io/part-of=datameesh."""


def identity(o: Mapping[str, Any]) -> tuple[str, str, str]:
    """Given an object, return (namespace, kind, name); cluster-scoped objects have the namespace ""."""
    meta = o["metadata"]
    return str(meta.get("namespace", "")), str(o["kind"]), str(meta["name"])


def service_of(o: Mapping[str, Any]) -> str:
    """Given an object, return the Compose service it belongs to ("" if to none)."""
    return str((o["metadata"].get("labels") or {}).get(NAME, ""))


def is_workload(o: Mapping[str, Any]) -> bool:
    """Given an object, say whether it makes pods."""
    return o["kind"] in WORKLOADS


def workload_of(objects: Iterable[Object], service: str) -> Object | None:
    """Given objects and a service, return the object that makes its pods, or None."""
    return next((o for o in objects if is_workload(o) and service_of(o) == service), None)


def pod(o: Mapping[str, Any]) -> dict[str, Any]:
    """Given a workload, return its pod's spec."""
    spec: dict[str, Any] = o["spec"]["template"]["spec"]
    return spec


def container(o: Mapping[str, Any]) -> dict[str, Any]:
    """Given a workload, return its one container."""
    first: dict[str, Any] = pod(o)["containers"][0]
    return first


def edited(objects: Objects, source: Source, change: Callable[[Object, Part], None]) -> Objects:
    """Given objects and a change of a service's workload, return them with a changed copy of each workload of the source."""
    result = []
    for o in objects:
        part = source.part(service_of(o)) if is_workload(o) else None
        if part:
            o = copy.deepcopy(o)
            change(o, part)
        result.append(o)
    return tuple(result)


def remade(objects: Objects, mine: Callable[[Object], bool], fresh: Iterable[Object]) -> Objects:
    """Given objects, which of them a pass makes itself, and its fresh ones, return the others and the fresh ones."""
    return (*(o for o in objects if not mine(o)), *fresh)


def with_entries(entries: Iterable[Mapping[str, Any]] | None, fresh: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Given a list of named entries and fresh ones, return it with each fresh one in place of the one of its name, or added."""
    result = {str(e["name"]): dict(e) for e in entries or ()}
    result.update({str(e["name"]): dict(e) for e in fresh})
    return list(result.values())


def with_mounts(mounts: Iterable[Mapping[str, Any]] | None, fresh: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Given volume mounts and fresh ones, return them by mount path; a fresh one takes the place of another on its path."""
    result = {str(m["mountPath"]): dict(m) for m in mounts or ()}
    result.update({str(m["mountPath"]): dict(m) for m in fresh})
    return [result[path] for path in sorted(result)]


def in_order(objects: Iterable[Object]) -> Objects:
    """Given objects, return them in the order of their names, so that two runs give the same bytes."""
    return tuple(sorted(objects, key=identity))
