"""What a server is asked in a dry run: the objects, and each pod by itself, for Pod Security only warns of a template."""

from __future__ import annotations

import copy
from typing import Any

from datameesh_cli.core.k8s.objects import Object, Objects, is_workload

TRIED = "-tried"


def trial(objects: Objects) -> Objects:
    """Given the objects of an export, return what to try. A Job has another name: the template of one that is there is fixed."""
    tried = []
    for o in objects:
        if o["kind"] == "Job":
            o = copy.deepcopy(o)
            o["metadata"]["name"] += TRIED
        tried.append(o)
    return (*tried, *(_pod(o) for o in objects if is_workload(o)))


def _pod(o: Object) -> Object:
    template: dict[str, Any] = copy.deepcopy(o["spec"]["template"])
    spec = template["spec"]
    # Account and priority class come with the same export, and a server that was never applied to has neither yet.
    for key in ("serviceAccountName", "priorityClassName"):
        spec.pop(key, None)
    claims = [c["metadata"]["name"] for c in o["spec"].get("volumeClaimTemplates", ())]
    spec["volumes"] = [*spec.get("volumes", ()), *({"name": name, "emptyDir": {}} for name in claims)]
    meta = {"name": o["metadata"]["name"] + TRIED, "namespace": o["metadata"]["namespace"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta | {"labels": template["metadata"]["labels"]},
        "spec": spec,
    }
