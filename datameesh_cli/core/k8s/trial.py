"""What a server is asked in a dry run: the objects, and each pod by itself, for Pod Security only warns of a template."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from datameesh_cli.core.k8s.objects import COMMON, Object, Objects, identity, is_workload

TRIED = "-tried"
LIMITS = ("ResourceQuota", "LimitRange")
_OVER_QUOTA = re.compile(r'(\w+) "([^"]+)" is forbidden: exceeded quota: ([^,\s]+)')
_OVER_RANGE = re.compile(r'(pods) "([^"]+)" is forbidden: m\w+ (?:memory|cpu) usage per \w+ is ')


def trial(objects: Objects) -> Objects:
    """Given the objects of an export, return what to try. A Job has another name: the template of one that is there is fixed."""
    tried = []
    for o in objects:
        if o["kind"] == "Job":
            o = copy.deepcopy(o)
            o["metadata"]["name"] += TRIED
        tried.append(o)
    return (*tried, *(_pod(o) for o in objects if is_workload(o)))


def speaks_of_limits(line: str) -> bool:
    """Given a line of a server, say whether it refuses an object for a quota or a limit range."""
    return bool(_OVER_QUOTA.search(line) or _OVER_RANGE.search(line))


def objections(
    lines: Iterable[str],
    tried: Sequence[Mapping[str, Any]],
    namespaces: Iterable[str],
    limits: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Given what a server said of the tried objects, its namespaces, and the quotas and limit ranges there, return what counts.

    An export that was applied before left its quota and its limit range; the tried one brings its own in their place, so those are
    no objection. Those of anybody else are. A namespace that is not there yet has none.
    """
    brought = {identity(o) for o in tried if o["kind"] in LIMITS}
    there = set(namespaces)

    def replaced(o: Mapping[str, Any]) -> bool:
        return identity(o) in brought and COMMON.items() <= (o["metadata"].get("labels") or {}).items()

    def counts(line: str) -> bool:
        quota = _OVER_QUOTA.search(line)
        found = quota or _OVER_RANGE.search(line)
        homes = _homes(tried, found[1], found[2]) if found else set()
        if not homes:
            return True
        # The message does not say the namespace, nor a limit range its name: whatever may have said it.
        kind, name = ("ResourceQuota", quota[3]) if quota else ("LimitRange", None)
        here = [o for o in limits if o["kind"] == kind and o["metadata"]["namespace"] in homes & there]
        speakers = [o for o in here if name in (None, o["metadata"]["name"])]
        return not all(replaced(o) for o in speakers) if speakers else homes <= there

    return [line for line in lines if counts(line)]


def _homes(tried: Sequence[Mapping[str, Any]], plural: str, name: str) -> set[str]:
    """The namespaces of the tried objects that a server calls so (`pods "web"`)."""
    called = [o for o in tried if f"{o['kind'].lower()}s" == plural and o["metadata"]["name"] == name]
    return {str(o["metadata"].get("namespace", "")) for o in called}


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
