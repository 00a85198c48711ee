"""What `kubectl get -o json` prints of a small export, cut to the keys that anyone reads."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def labels(service: str) -> Json:
    return {"app.kubernetes.io/name": service, "app.kubernetes.io/part-of": "datameesh"}


def a_pod(
    service: str, namespace: str = "data-platform", *, phase: str = "Running", ready: bool = True, **meta: Any
) -> Json:
    metadata = {"name": f"{service}-0", "namespace": namespace, "labels": labels(service)} | meta
    conditions = [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "True" if ready else "False"}]
    return {"kind": "Pod", "metadata": metadata, "status": {"phase": phase, "conditions": conditions}}


def a_workload(service: str, kind: str = "StatefulSet", namespace: str = "data-platform", limit: str = "136Mi") -> Json:
    inner = {
        "name": service,
        "image": f"datameesh/{service}:1",
        "args": ["build"],
        "resources": {"limits": {"memory": limit}},
    }
    meta = {
        "labels": labels(service) | {"batch.kubernetes.io/job-name": service, "controller-uid": "x"},
        "annotations": {"datameesh.io/config-hash": f"hash-of-{service}"},
    }
    spec: Json = {"template": {"metadata": meta, "spec": {"containers": [inner], "restartPolicy": "Always"}}}
    spec |= {"suspend": True} if kind == "Job" else {"replicas": 1}
    return {
        "kind": kind,
        "metadata": {"name": service, "namespace": namespace, "labels": labels(service)},
        "spec": spec,
    }


def a_service(service: str, ports: list[tuple[int, int]], namespace: str = "data-platform") -> Json:
    """`ports` are (port inside, NodePort or 0)."""
    entries = [{"port": p, "targetPort": p, "protocol": "TCP"} | ({"nodePort": n} if n else {}) for p, n in ports]
    spec = {"selector": {"app.kubernetes.io/name": service}, "ports": entries, "type": "NodePort"}
    return {
        "kind": "Service",
        "metadata": {"name": service, "namespace": namespace, "labels": labels(service)},
        "spec": spec,
    }


def an_alias(name: str, host: str, namespace: str = "data-platform") -> Json:
    """A service's name that leads to another one, or out of the cluster."""
    meta = {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/part-of": "datameesh"}}
    return {"kind": "Service", "metadata": meta, "spec": {"type": "ExternalName", "externalName": host}}


def a_node(**addresses: str) -> Json:
    return {"kind": "Node", "status": {"addresses": [{"type": k, "address": v} for k, v in addresses.items()]}}


def an_export() -> list[Json]:
    """A database without a way in, a store with two, a job; all running that can."""
    return [
        a_pod("sales-db", "sales-domain"),
        a_pod("minio"),
        a_workload("sales-db", namespace="sales-domain", limit="88Mi"),
        a_workload("minio"),
        a_workload("dbt", "Job", limit="168Mi"),
        a_service("sales-db", [(5432, 0)], "sales-domain"),
        a_service("minio", [(9000, 30900), (9001, 30901)]),
    ]
