"""What the API server writes down of an export's namespaces: a file for its --audit-policy-file, and no object."""

from __future__ import annotations

from typing import Any

from datameesh_cli.core.k8s.objects import Object, Objects

_CHANGES = ["create", "update", "patch", "delete", "deletecollection"]


def audit_policy(objects: Objects) -> Object:
    """Given the objects of an export, return the policy: who touched a secret, went into a pod, changed rights or anything of ours.

    The first rule that fits decides. No rule has a secret's content written down, and what is not ours is somebody else's to say.
    """
    namespaces = sorted(o["metadata"]["name"] for o in objects if o["kind"] == "Namespace")
    inside = ["pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers"]
    rights = {"group": "rbac.authorization.k8s.io", "resources": ["roles", "rolebindings"]}
    network = _of("networking.k8s.io", "networkpolicies")
    secrets = [_of("", "secrets", "configmaps", "serviceaccounts/token"), _of("bitnami.com", "sealedsecrets")]
    rules: list[dict[str, Any]] = [
        {"level": "None", "nonResourceURLs": ["/healthz*", "/livez*", "/readyz*", "/version"]},
        {"level": "Metadata", "namespaces": namespaces, "resources": secrets},
        {"level": "Request", "namespaces": namespaces, "resources": [_of("", *inside)]},
        {
            "level": "Request",
            "verbs": _CHANGES,
            "resources": [rights, _of(rights["group"], "clusterroles", "clusterrolebindings")],
        },
        {
            "level": "Request",
            "verbs": _CHANGES,
            "namespaces": namespaces,
            "resources": [network],
        },
        {"level": "Metadata", "verbs": _CHANGES, "namespaces": namespaces},
        {"level": "None"},
    ]
    return {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": rules}


def _of(group: object, *resources: str) -> dict[str, Any]:
    return {"group": group, "resources": list(resources)}
