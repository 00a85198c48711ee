"""Every pod fits Pod Security `restricted`, has an account of its own, and a token only where it declares roles."""

from __future__ import annotations

from typing import Any

from datameesh_cli.core.k8s.kubernetes_pass import Applied, kubernetes_pass
from datameesh_cli.core.k8s.objects import Object, Objects, container, edited, pod, remade
from datameesh_cli.core.k8s.passes.adopt import metadata
from datameesh_cli.core.k8s.source import Part, Source

_RBAC = "rbac.authorization.k8s.io"
_MADE = ("ServiceAccount", "Role", "RoleBinding")


@kubernetes_pass(makes={Applied.IDENTITY: ("ServiceAccount", "Role", "RoleBinding")}, after=("waiting", "secrets"))
def security(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with security contexts, ServiceAccounts, and Roles where a folder asks for them."""

    fresh = [made for part in source.parts for made in _accounts(part, source)]
    return remade(edited(objects, source, _fit), lambda o: o["kind"] in _MADE, fresh)


def _fit(o: Object, part: Part) -> None:
    spec = pod(o)
    groups = (spec.get("securityContext") or {}).get("supplementalGroups")
    read_only = (container(o).get("securityContext") or {}).get("readOnlyRootFilesystem") is True
    spec["serviceAccountName"] = part.name
    spec["automountServiceAccountToken"] = False
    spec["securityContext"] = {
        "runAsNonRoot": True,
        "runAsUser": part.user.uid,
        "runAsGroup": part.user.gid,
        "fsGroup": part.user.gid,
        # Only when a volume is new: PostgreSQL refuses a data folder whose mode was changed behind its back.
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    if groups:
        spec["securityContext"]["supplementalGroups"] = groups
    for own in [container(o), *spec.get("initContainers", ())]:
        own["securityContext"] = {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": read_only,
        }


def _accounts(part: Part, source: Source) -> list[Object]:
    account: Object = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(part),
        "automountServiceAccountToken": False,
    }
    if source.target.pull_secret:
        account["imagePullSecrets"] = [{"name": source.target.pull_secret}]
    if not part.service.kubernetes.roles:
        return [account]
    rules: list[dict[str, Any]] = [
        {"apiGroups": list(may.api_groups), "resources": list(may.resources), "verbs": list(may.verbs)}
        for may in part.service.kubernetes.roles
    ]
    role: Object = {"apiVersion": f"{_RBAC}/v1", "kind": "Role", "metadata": metadata(part), "rules": rules}
    binding: Object = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": metadata(part),
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": part.name},
        "subjects": [{"kind": "ServiceAccount", "name": part.name, "namespace": part.namespace}],
    }
    return [account, role, binding]
