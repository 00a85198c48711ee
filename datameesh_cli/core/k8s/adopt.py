"""Pass 1: kompose's draft becomes ours: checked against the model, with our labels, in the service's namespace.

Kept of the draft: the workloads. Its Services, ConfigMaps, Secrets and claims are dropped: it gives Services the published ports,
alters files that are not plain text, writes secrets in clear and forgets sizes; later passes make them from the model.
"""

from __future__ import annotations

from typing import Any

from datameesh_cli.core.k8s.objects import COMMON, NAME, PREFIX, Object, Objects, is_workload
from datameesh_cli.core.k8s.source import Part, Source
from datameesh_cli.errors import DmError

_DRAFT = "io.kompose.service"
_POD_MAKERS = ("Deployment", "StatefulSet", "Pod", "CronJob", "DaemonSet")


def adopt(objects: Objects, source: Source) -> Objects:
    """Given kompose's draft, return its workloads as ours. What is ours already is returned as it is.

    Raise DmError (a bug of ours or of kompose) if a service has no workload in the draft, another image, or is not in the model.
    """
    if not any(_drafted(o) for o in objects):
        return objects
    drafts = {o["metadata"]["labels"][_DRAFT]: o for o in objects if _drafted(o) and o["kind"] in _POD_MAKERS}
    missing = [p.name for p in source.parts if p.name not in drafts]
    unknown = [name for name in drafts if source.part(name) is None]
    if missing or unknown:
        names = ", ".join(missing or unknown)
        raise DmError(f"kompose's draft and the model differ: {names} is {'missing' if missing else 'unknown'}")
    ours = tuple(o for o in objects if not _drafted(o) and is_workload(o))
    return (*ours, *(_ours(drafts[p.name], p) for p in source.parts))


def labels(part: Part) -> dict[str, str]:
    """Given an exported service, return the labels that all its objects carry."""
    return {
        **COMMON,
        NAME: part.name,
        "app.kubernetes.io/component": part.service.layer.replace(" ", "-"),
        f"{PREFIX}owner": part.service.owner,
    }


def metadata(part: Part, name: str | None = None) -> dict[str, Any]:
    """Given an exported service, return the metadata of an object of its own."""
    return {"name": name or part.name, "namespace": part.namespace, "labels": labels(part)}


def _drafted(o: Object) -> bool:
    return _DRAFT in (o["metadata"].get("labels") or {})


def _ours(draft: Object, part: Part) -> Object:
    spec = draft["spec"] if draft["kind"] == "Pod" else draft["spec"]["template"]["spec"]
    if len(spec["containers"]) != 1 or spec["containers"][0]["image"] != part.body["image"]:
        raise DmError(f"kompose's draft of {part.name} is not one container of {part.body['image']}")
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(part),
        "spec": {
            "selector": {"matchLabels": {NAME: part.name}},
            "template": {"metadata": {"labels": labels(part)}, "spec": spec},
        },
    }
