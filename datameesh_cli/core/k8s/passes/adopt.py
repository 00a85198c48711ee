"""Kompose's draft becomes ours: what it converts well is kept, checked against the model, with our labels and namespace.

Kept of each workload: how many pods, the entry command, the folder, the terminal, the read-only root, the groups, and where claims
are mounted. No later pass makes these: without the draft there is no export. All else of it is dropped: it gives Services the
published ports, alters files that are not plain text, writes secrets in clear; the passes make that from the model.
"""

from __future__ import annotations

from typing import Any

from datameesh_cli.core.k8s.kubernetes_pass import kubernetes_pass
from datameesh_cli.core.k8s.objects import COMMON, NAME, PREFIX, Object, Objects, is_workload
from datameesh_cli.core.k8s.source import Part, Source, literal
from datameesh_cli.errors import DmError

_DRAFT = "io.kompose.service"
_POD_MAKERS = ("Deployment", "StatefulSet", "Pod", "CronJob", "DaemonSet")


@kubernetes_pass()
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
    _refuse_other_words(spec, draft["spec"].get("replicas", 1), part)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(part),
        "spec": {
            "replicas": draft["spec"].get("replicas", 1),
            "selector": {"matchLabels": {NAME: part.name}},
            "template": {"metadata": {"labels": labels(part)}, "spec": _pod(spec, part)},
        },
    }


def _pod(spec: Object, part: Part) -> Object:
    own = spec["containers"][0]
    kept: Object = {key: own[key] for key in ("image", "workingDir", "tty", "stdin") if key in own}
    if own.get("command"):
        kept["command"] = [literal(word) for word in own["command"]]
    if _read_only(own):
        kept["securityContext"] = {"readOnlyRootFilesystem": True}
    if mounts := _claim_mounts(own, part):
        kept["volumeMounts"] = mounts
    made: Object = {"containers": [{"name": part.name, **kept}]}
    if groups := _groups(spec):
        made["securityContext"] = {"supplementalGroups": groups}
    return made


def _refuse_other_words(spec: Object, replicas: int, part: Part) -> None:
    """What is kept is what the model says, word for word."""
    own, body = spec["containers"][0], part.body
    said = {
        "entrypoint": own.get("command") or [],
        "working_dir": own.get("workingDir") or "",
        "tty": bool(own.get("tty")),
        "stdin_open": bool(own.get("stdin")),
        "read_only": _read_only(own),
        "group_add": _groups(spec),
        "deploy.replicas": replicas,
        "volumes": [(m["name"], m["mountPath"], bool(m.get("readOnly"))) for m in _claim_mounts(own, part)],
    }
    meant = {
        "entrypoint": [str(word) for word in body.get("entrypoint") or ()],
        "working_dir": body.get("working_dir") or "",
        "tty": bool(body.get("tty")),
        "stdin_open": bool(body.get("stdin_open")),
        "read_only": body.get("read_only") is True,
        "group_add": [int(group) for group in body.get("group_add") or ()],
        "deploy.replicas": part.replicas,
        "volumes": [(v["source"], v["target"], v.get("read_only") is True) for v in part.claims],
    }
    for key, value in meant.items():
        if said[key] != value:
            raise DmError(f"kompose's draft and the model differ: {key} of {part.name} is {said[key]}, not {value}")


def _read_only(own: Object) -> bool:
    return (own.get("securityContext") or {}).get("readOnlyRootFilesystem") is True


def _groups(spec: Object) -> list[int]:
    return [int(group) for group in (spec.get("securityContext") or {}).get("supplementalGroups") or ()]


def _claim_mounts(own: Object, part: Part) -> list[Object]:
    """Of a container of the draft, the mounts of named volumes; tmpfs and folders are claims to kompose, too, of its own naming."""
    names = {str(v["source"]) for v in part.claims}
    return [dict(m) for m in own.get("volumeMounts") or () if m["name"] in names]
