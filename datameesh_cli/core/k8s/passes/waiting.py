"""Pass 10: `depends_on` becomes an init container that waits until the dependency takes connections through its Service.

A Service leads to ready pods only, so that is Compose's `service_healthy`. It runs in the pod, so the pod's policies are its own.
"""

from __future__ import annotations

from typing import Any

from datameesh_cli.core.k8s.kubernetes_pass import kubernetes_pass
from datameesh_cli.core.k8s.objects import Object, Objects, container, edited, pod
from datameesh_cli.core.k8s.source import CLUSTER, Link, Part, Source


@kubernetes_pass(after=("containers",))
def waiting(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with an init container for each dependency that is exported and listens."""
    links = source.links()

    def change(o: Object, part: Part) -> None:
        pod(o).pop("initContainers", None)
        found = [_waiter(o, link) for link in _first_links(part, links)]
        if found:
            pod(o)["initContainers"] = found

    return edited(objects, source, change)


def _first_links(part: Part, links: tuple[Link, ...]) -> list[Link]:
    """One link for each dependency: to the port that the folder names, else to the first one it listens on."""
    found: dict[str, Link] = {}
    for link in links:
        if link.source.name == part.name and link.service in part.service.depends_on and link.service != part.name:
            found.setdefault(link.service, link)
    return [found[name] for name in sorted(found)]


def _waiter(o: Object, link: Link) -> dict[str, Any]:
    address = f"/dev/tcp/{link.service}.{link.namespace}.{CLUSTER}/{link.port}"
    script = f"until timeout 3 bash -c ': <{address}' 2>/dev/null; do sleep 1; done"
    return {
        "name": f"wait-for-{link.service}",
        "image": container(o)["image"],
        "imagePullPolicy": "IfNotPresent",
        "command": ["bash", "-c", script],
    }
