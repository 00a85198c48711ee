"""The folder that an export is: a file for each service in its namespace's folder, the cluster's own part, kustomizations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datameesh_cli.core.k8s.audit_policy import audit_policy
from datameesh_cli.core.k8s.objects import NAME, Object, Objects, identity
from datameesh_cli.core.k8s.pipeline import APPLIED

CLUSTER = "cluster"


def layout(objects: Objects) -> dict[str, tuple[Object, ...]]:
    """Given the objects of an export, return the content of each file, by its path in the folder."""
    files: dict[str, list[Object]] = {}
    for o in objects:
        files.setdefault(_file(o), []).append(o)
    found: dict[str, tuple[Object, ...]] = {path: tuple(sorted(inside, key=_place)) for path, inside in files.items()}
    return dict(sorted((found | _kustomizations(found) | {AUDIT: (audit_policy(objects),)}).items()))


def resources_in_order(objects: Objects) -> Objects:
    """Given objects, return them in the order in which they are applied."""
    return tuple(sorted(objects, key=_place))


AUDIT = "audit-policy.yaml"


def is_kustomization(o: Mapping[str, Any]) -> bool:
    """Given a parsed document, say whether it is a kustomization, or what an API server is started with, and not an object."""
    return o.get("kind") in ("Kustomization", "Policy")


def _place(o: Object) -> tuple[tuple[int, int], tuple[str, str, str]]:
    return APPLIED[o["kind"]], identity(o)


def _file(o: Object) -> str:
    namespace = o["metadata"].get("namespace")
    if not namespace:
        return f"{CLUSTER}/{'namespaces' if o['kind'] == 'Namespace' else 'priorities'}.yaml"
    return f"{namespace}/{_stem(o)}.yaml"


def _stem(o: Object) -> str:
    """By what a reviewer looks for: the namespace's limits, its policies, its files, and one file for each service."""
    if o["kind"] in ("ResourceQuota", "LimitRange"):
        return "quota"
    if o["kind"] == "NetworkPolicy":
        return "policies"
    if o["kind"] == "ConfigMap":
        return "configs"
    if o["kind"] == "SealedSecret":
        return "secrets"
    return str((o["metadata"].get("labels") or {}).get(NAME, "aliases"))


_FIRST = ("quota", "policies", "configs", "secrets", "aliases")


def _kustomizations(files: Mapping[str, tuple[Object, ...]]) -> dict[str, tuple[Object, ...]]:
    folders: dict[str, list[str]] = {}
    for path in files:
        folder, _, name = path.partition("/")
        folders.setdefault(folder, []).append(name)
    # The order of the list is the order in which things are applied: limits and policies before pods.
    found: dict[str, tuple[Object, ...]] = {
        f"{folder}/kustomization.yaml": (_kustomization(sorted(names, key=_rank)),) for folder, names in folders.items()
    }
    found["kustomization.yaml"] = (_kustomization([CLUSTER, *sorted(f for f in folders if f != CLUSTER)]),)
    return found


def _rank(name: str) -> tuple[int, str]:
    stem = name.removesuffix(".yaml")
    return _FIRST.index(stem) if stem in _FIRST else len(_FIRST), name


def _kustomization(resources: list[str]) -> Object:
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources}
