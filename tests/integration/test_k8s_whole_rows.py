"""Figures of the export that are counted from its objects or written here, never taken from the pass that made them."""

from __future__ import annotations

import pytest

from datameesh_cli.adapters import clock
from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.k8s.objects import Object, container, pod
from datameesh_cli.core.memory import mib
from datameesh_cli.usecases.export_kubernetes import ExportRequest, make_export
from tests.integration.test_k8s_rows import KIND, WHOLE, _kinds, _workloads

LOCAL_PATH = "kubernetes.io/metadata.name"

pytestmark = pytest.mark.usefixtures("built")


@pytest.mark.row("S-SEC-02/K", "S-SEC-03/K")
@pytest.mark.parametrize("domain", ["sales", "marketing"])
def test_a_domain_s_database_lets_the_platform_s_trino_in_by_namespace_and_its_api(domain: str) -> None:
    """And nobody else: all rules of the database's pods together name these three peers and this port."""
    rules = [
        rule
        for o in _kinds("NetworkPolicy")
        if o["metadata"]["namespace"] == f"{domain}-domain"
        and o["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name") == f"{domain}-db"
        for rule in o["spec"].get("ingress", ())
    ]
    peers = [
        (
            peer["namespaceSelector"]["matchLabels"][LOCAL_PATH],
            peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"],
        )
        for rule in rules
        for peer in rule["from"]
    ]
    assert sorted(peers) == [
        ("data-platform", "trino-coordinator"),
        ("data-platform", "trino-worker"),
        (f"{domain}-domain", f"{domain}-api"),
    ]
    assert {(port["port"], port["protocol"]) for rule in rules for port in rule["ports"]} == {(5432, "TCP")}


def _most_pods(o: Object) -> int:
    """How many pods of a workload there may be at once: what its autoscaler allows, and what it may have more while it rolls."""
    if o["kind"] == "Job":
        return 1
    scaled = [s["spec"]["maxReplicas"] for s in _kinds("HorizontalPodAutoscaler") if _scales(s, o)]
    most = scaled[0] if scaled else o["spec"]["replicas"]
    surge = o["spec"].get("strategy", {}).get("rollingUpdate", {}).get("maxSurge", 0)
    return int(most) + int(surge)


def _scales(scaler: Object, o: Object) -> bool:
    aimed = scaler["spec"]["scaleTargetRef"]
    return (aimed["kind"], aimed["name"]) == (o["kind"], o["metadata"]["name"])


@pytest.mark.row("S-OPS-35/K")
def test_the_quota_of_each_namespace_holds_the_limits_of_its_pods_and_no_more() -> None:
    """Summed from the pods themselves. An init container counts where it wants more than the others together."""
    sums: dict[str, int] = {}
    for o in _workloads().values():
        spec = pod(o)
        own = sum(mib(c["resources"]["limits"]["memory"]) for c in spec["containers"])
        first = max((mib(c["resources"]["limits"]["memory"]) for c in spec.get("initContainers", ())), default=0)
        namespace = o["metadata"]["namespace"]
        sums[namespace] = sums.get(namespace, 0) + max(own, first) * _most_pods(o)
    quotas = [(o["metadata"]["namespace"], mib(o["spec"]["hard"]["limits.memory"])) for o in _kinds("ResourceQuota")]
    assert len(quotas) == len(sums) == 3
    assert dict(quotas) == sums


@pytest.mark.row("S-PVC-02/K")
@pytest.mark.parametrize(("variable", "size"), [(None, "10Gi"), ("20Gi", "20Gi")])
def test_the_store_s_claim_is_10_gi_or_what_the_variable_says(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, size: str
) -> None:
    monkeypatch.delenv("MINIO_PVC_SIZE", raising=False)
    if variable:
        monkeypatch.setenv("MINIO_PVC_SIZE", variable)
    made = make_export(adapters_for(), ExportRequest(WHOLE, 6144, target=KIND), print, clock.now()).objects
    (store,) = (o for o in made if o["kind"] == "StatefulSet" and o["metadata"]["name"] == "minio")
    (claim,) = store["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == size
    mounts = {m["name"]: m["mountPath"] for m in container(store)["volumeMounts"]}
    assert mounts[claim["metadata"]["name"]] == "/data"
