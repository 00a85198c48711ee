"""Arguments and environment come from the model: kompose damages `$` and secrets' paths. Image and ports get our names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datameesh_cli.core.k8s.kubernetes_pass import kubernetes_pass
from datameesh_cli.core.k8s.objects import PREFIX, Object, Objects, container, edited
from datameesh_cli.core.k8s.passes.ingress import by_name
from datameesh_cli.core.k8s.source import Part, Source, literal

IMAGE_ID = f"{PREFIX}image-id"
"""Which image the engine had under that name when it was exported. One that is built anew under its tag rolls the pods, as
`docker compose up` makes its containers anew."""
_OURS = ("image", "args", "env", "name", "imagePullPolicy", "ports")


@kubernetes_pass(after=("adopt",))
def containers(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with each container saying what its Compose service says."""

    def change(o: Object, part: Part) -> None:
        own = container(o)
        for key in _OURS:
            own.pop(key, None)
        own.update(_of(part, source))
        annotations = o["spec"]["template"]["metadata"].setdefault("annotations", {})
        annotations.pop(IMAGE_ID, None)
        if known := source.images.get(str(part.body["image"])):
            annotations[IMAGE_ID] = known.id
        if not annotations:
            del o["spec"]["template"]["metadata"]["annotations"]

    return edited(objects, source, change)


def environment(body: Mapping[str, Any]) -> dict[str, str]:
    """Given a resolved Compose service, return its environment; a variable without a value is an empty one."""
    return {str(k): "" if v is None else str(v) for k, v in (body.get("environment") or {}).items()}


def _of(part: Part, source: Source) -> dict[str, Any]:
    body = part.body
    own: dict[str, Any] = {
        "name": part.name,
        "image": source.image(part),
        "imagePullPolicy": "IfNotPresent",  # images are pinned by version; a cluster without a registry has them loaded
    }
    if body.get("command"):
        own["args"] = [literal(str(word)) for word in body["command"]]
    if body.get("environment"):
        own["env"] = [{"name": k, "value": literal(by_name(v, source))} for k, v in sorted(environment(body).items())]
    if part.service.listens:
        own["ports"] = [{"name": f"tcp-{p}", "containerPort": p, "protocol": "TCP"} for p in part.service.listens]
    return own
