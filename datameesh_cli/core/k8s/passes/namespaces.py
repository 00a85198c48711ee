"""The namespaces, each with the Pod Security level `restricted` enforced."""

from __future__ import annotations

from datameesh_cli.core.k8s.kubernetes_pass import Applied, kubernetes_pass
from datameesh_cli.core.k8s.objects import COMMON, Object, Objects, remade
from datameesh_cli.core.k8s.source import Source

LEVEL = "restricted"


@kubernetes_pass(makes={Applied.NAMESPACE: ("Namespace",)}, after=("aliases",))
def namespaces(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with the namespaces that they live in."""
    fresh = [_namespace(name) for name in sorted({p.namespace for p in source.parts} | _of_aliases(objects))]
    return remade(objects, lambda o: o["kind"] == "Namespace", fresh)


def _of_aliases(objects: Objects) -> set[str]:
    return {str(o["metadata"]["namespace"]) for o in objects if o["metadata"].get("namespace")}


def _namespace(name: str) -> Object:
    levels = {f"pod-security.kubernetes.io/{mode}": LEVEL for mode in ("enforce", "audit", "warn")}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": COMMON | levels}}
