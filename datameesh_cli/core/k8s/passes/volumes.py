"""Named volumes become claims of the declared size, tmpfs and shm_size become memory.

A tmpfs stays in memory and not on the node's disk: the limits were measured with it, it counts against the container's limit on
both targets, and nothing of a query is left on a node. Kubernetes mounts it executable, which Trino's /tmp needs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from datameesh_cli.core.k8s.kubernetes_pass import Applied, kubernetes_pass
from datameesh_cli.core.k8s.objects import Object, Objects, container, edited, pod, remade, with_mounts
from datameesh_cli.core.k8s.passes.adopt import metadata
from datameesh_cli.core.k8s.source import Part, Source
from datameesh_cli.core.memory import mib
from datameesh_cli.errors import UserError

DEFAULT_SIZE = "1Gi"
SIZE_LABEL = "kompose.volume.size"


@kubernetes_pass(makes={Applied.CLAIMS: ("PersistentVolumeClaim",)}, after=("controllers",))
def volumes(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with each workload's own claims and memory folders. Raise UserError for a shared volume."""
    _refuse_shared(source)

    def change(o: Object, part: Part) -> None:
        _fit(o, part, source)

    loose = [p for p in source.parts if p.claims and p.kind != "StatefulSet"]
    claims = [_claim_object(p, v, source) for p in loose for v in p.claims]
    return remade(edited(objects, source, change), lambda o: o["kind"] == "PersistentVolumeClaim", claims)


def size_of(volume: str, source: Source) -> str:
    """Given a named volume, return the size of its claim."""
    definition = (source.compose.get("volumes") or {}).get(volume) or {}
    return str((definition.get("labels") or {}).get(SIZE_LABEL, DEFAULT_SIZE))


def _fit(o: Object, part: Part, source: Source) -> None:
    claims = {v["source"] for v in part.claims}
    mounts = [m for m in container(o).get("volumeMounts") or () if m["name"] in claims]
    folders = memory_folders(part)
    mounts += [{"name": slug(path), "mountPath": path} for path, _ in folders]
    container(o)["volumeMounts"] = with_mounts((), mounts)
    pod(o)["volumes"] = [
        {"name": slug(path), "emptyDir": {"medium": "Memory", "sizeLimit": size}} for path, size in folders
    ]
    o["spec"].pop("volumeClaimTemplates", None)
    if part.kind == "StatefulSet" and part.claims:
        o["spec"]["volumeClaimTemplates"] = [
            {"metadata": {"name": v["source"]}, "spec": _claim(v["source"], source)} for v in part.claims
        ]
    else:
        pod(o)["volumes"] += [
            {"name": v["source"], "persistentVolumeClaim": {"claimName": v["source"]}} for v in part.claims
        ]


def memory_folders(part: Part) -> list[tuple[str, str]]:
    """Given an exported service, return the folders it has in memory: path and largest size."""
    found = []
    for entry in part.body.get("tmpfs") or ():
        path, _, options = str(entry).partition(":")
        size = re.search(r"size=(\d+[kmg]?)", options)
        found.append((path, _quantity(size[1]) if size else f"{part.limit}Mi"))
    for volume in part.body.get("volumes") or ():
        if volume["type"] == "tmpfs":
            size_bytes = (volume.get("tmpfs") or {}).get("size")
            found.append((volume["target"], _quantity(str(size_bytes)) if size_bytes else f"{part.limit}Mi"))
    if part.body.get("shm_size"):
        found.append(("/dev/shm", _quantity(str(part.body["shm_size"]))))
    return found


def slug(path: str) -> str:
    """Given a path in a container, return a name for its volume."""
    return "mem-" + (re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "root")


def _quantity(size: str) -> str:
    return f"{max(1, round(mib(size)))}Mi"


def _claim(volume: str, source: Source) -> dict[str, Any]:
    own: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size_of(volume, source)}},
    }
    if source.target.storage_class:
        own["storageClassName"] = source.target.storage_class
    return own


def _claim_object(part: Part, volume: Mapping[str, Any], source: Source) -> Object:
    name = volume["source"]
    spec = _claim(name, source)
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata(part, name), "spec": spec}


def _refuse_shared(source: Source) -> None:
    users: dict[str, list[str]] = {}
    for part in source.parts:
        for volume in part.claims:
            users.setdefault(volume["source"], []).append(part.name)
    for name, names in sorted(users.items()):
        if len(names) > 1:
            raise UserError(
                f"volume '{name}' is mounted by {' and '.join(names)}; on Kubernetes one pod owns a volume",
                "hand the data over through the object store or a database, or give each service its own volume",
            )
