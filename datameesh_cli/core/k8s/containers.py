"""Pass 3: image, command, environment and working directory come from the model: kompose damages `$` and secrets' paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datameesh_cli.core.k8s.objects import Object, Objects, container, edited, service_of
from datameesh_cli.core.k8s.source import Part, Source

_OURS = ("image", "command", "args", "env", "envFrom", "workingDir", "tty", "stdin", "name", "imagePullPolicy", "ports")


def containers(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with each container saying what its Compose service says."""

    def change(o: Object) -> None:
        part = source.part(service_of(o))
        if part:
            own = container(o)
            for key in _OURS:
                own.pop(key, None)
            own.update(_of(part, source))

    return edited(objects, change)


def literal(text: str) -> str:
    """Given text, return it so that Kubernetes, which expands `$(NAME)`, hands on exactly this."""
    return text.replace("$(", "$$(")


def environment(body: Mapping[str, Any]) -> dict[str, str]:
    """Given a resolved Compose service, return its environment; a variable without a value is an empty one."""
    return {str(k): "" if v is None else str(v) for k, v in (body.get("environment") or {}).items()}


def _of(part: Part, source: Source) -> dict[str, Any]:
    body = part.body
    own: dict[str, Any] = {
        "name": part.name,
        "image": source.target.image(str(body["image"])),
        "imagePullPolicy": "IfNotPresent",  # images are pinned by version; a cluster without a registry has them loaded
    }
    for key, there in (("entrypoint", "command"), ("command", "args")):
        if body.get(key):
            own[there] = [literal(str(word)) for word in _words(body[key])]
    if body.get("environment"):
        own["env"] = [{"name": k, "value": literal(v)} for k, v in sorted(environment(body).items())]
    if body.get("working_dir"):
        own["workingDir"] = body["working_dir"]
    if part.service.listens:
        own["ports"] = [{"name": f"tcp-{p}", "containerPort": p, "protocol": "TCP"} for p in part.service.listens]
    own.update({there: True for key, there in (("tty", "tty"), ("stdin_open", "stdin")) if body.get(key)})
    return own


def _words(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
