"""What the repository becomes on Kubernetes: the real model, the real kompose, the real passes, the stages that need no cluster.

A row of the matrix is marked where what it wants of Compose is shown too; rows of services that are not there yet are not. The same
without an engine, with a stand-in for kompose, is in tests/contract/test_k8s_passes.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import product
from typing import Any

import pytest

from datameesh_cli.adapters import clock, kubernetes_schema
from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.k8s.graph import graph_problems
from datameesh_cli.core.k8s.objects import (
    COMMON,
    Object,
    Objects,
    container,
    is_workload,
    pod,
    service_of,
    workload_of,
)
from datameesh_cli.core.k8s.packaging import layout, resources_in_order
from datameesh_cli.core.k8s.passes.quotas import sums
from datameesh_cli.core.k8s.source import Source
from datameesh_cli.core.memory import mib
from datameesh_cli.usecases.export_kubernetes import ExportRequest, make_export
from datameesh_cli.usecases.read_source import Read, TargetRequest, read_source
from tests.integration.stack import ROOT

TARGETS = sorted(p.stem for p in (ROOT / "k8s-export" / "targets").glob("*.yaml"))
BUDGETS = [1536, 3072, 6144, 8192]
WHOLE = ("analytics",)
KIND = TargetRequest()

pytestmark = pytest.mark.usefixtures("exporter")


@cache
def _read(profiles: tuple[str, ...] = WHOLE, ram: int = 6144, target: TargetRequest = KIND) -> Read:
    return read_source(adapters_for(), profiles, ram, target)


@cache
def _objects(profiles: tuple[str, ...] = WHOLE, ram: int = 6144, target: TargetRequest = KIND) -> Objects:
    return make_export(adapters_for(), ExportRequest(profiles, ram, target=target), print, clock.now()).objects


def _kinds(kind: str, objects: Objects | None = None) -> list[Object]:
    return [o for o in objects or _objects() if o["kind"] == kind]


def _services() -> dict[str, dict[str, Any]]:
    found = [o for o in _kinds("Service") if o["spec"].get("type") != "ExternalName"]
    return {o["metadata"]["name"]: o["spec"] | {"namespace": o["metadata"]["namespace"]} for o in found}


PODS_OF_ONE = {"sales-api-1", "sales-api-2", "marketing-api-1", "marketing-api-2"}
"""Containers of Compose that are pods of `sales-api` and `marketing-api` on a cluster."""


def _workloads() -> dict[str, Object]:
    return {service_of(o): o for o in _objects() if is_workload(o)}


@pytest.mark.row("S-INFRA-02/K")
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("ram", BUDGETS)
@pytest.mark.parametrize("profile", ["core", "analytics"])
def test_each_profile_budget_and_target_passes_schema_and_graph(profile: str, ram: int, target: str) -> None:
    objects = _objects((profile,), ram, TargetRequest(target))
    assert kubernetes_schema.problems(objects) == []
    assert graph_problems(objects) == []


def test_everything_of_ours_carries_our_labels() -> None:
    for o in _objects():
        assert COMMON.items() <= o["metadata"]["labels"].items(), o["metadata"]["name"]


def test_every_service_lives_in_the_namespace_of_its_folder() -> None:
    declared = {s.name: s.namespace for s in adapters_for().repository.model().services if s.name not in PODS_OF_ONE}
    exported = {service_of(o): o["metadata"]["namespace"] for o in _objects() if is_workload(o)}
    assert exported == declared
    assert {"data-platform", "sales-domain", "marketing-domain"} <= set(exported.values())


def test_each_namespace_is_there_once_and_before_what_lives_in_it() -> None:
    names = [o["metadata"]["name"] for o in _kinds("Namespace")]
    assert len(names) == len(set(names)) > 2
    (top,) = layout(_objects())["kustomization.yaml"]
    assert top["resources"][0] == "cluster"
    for o in _kinds("Namespace"):
        assert o["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_trino_and_the_databases_are_stateful_sets() -> None:
    kinds = {name: o["kind"] for name, o in _workloads().items()}
    assert kinds["trino-coordinator"] == kinds["trino-worker"] == "StatefulSet"
    assert {k for name, k in kinds.items() if name.endswith("-db")} == {"StatefulSet"}
    assert kinds["hive-metastore"] == "Deployment"
    assert kinds["dbt"] == "Job"


@pytest.mark.row("S-PORT-13/K", "S-SEC-09/K")
def test_no_database_has_a_way_in_from_outside() -> None:
    databases = {name: spec for name, spec in _services().items() if name.endswith("-db")}
    assert databases
    assert {spec["type"] for spec in databases.values()} == {"ClusterIP"}


@pytest.mark.row("S-PORT-14/K", "S-SEC-11")
def test_node_ports_are_the_published_ports() -> None:
    found = {p["nodePort"] for spec in _services().values() for p in spec["ports"] if "nodePort" in p}
    assert found == {p.default for s in adapters_for().repository.model().services for p in s.ports}
    assert found <= set(range(30000, 32768))


@pytest.mark.row("S-SVC-02/K")
def test_trino_has_a_node_port_and_a_headless_service() -> None:
    outside = _services()["trino-coordinator-outside"]
    assert (outside["type"], [(p["port"], p["nodePort"]) for p in outside["ports"]]) == ("NodePort", [(8443, 30808)])
    inside = _services()["trino-coordinator"]
    assert (inside["type"], [p["port"] for p in inside["ports"]]) == ("ClusterIP", [8080, 8443])
    assert not any("nodePort" in p for p in inside["ports"])
    assert _services()["trino-coordinator-headless"]["clusterIP"] == "None"


@pytest.mark.row("S-SVC-03/K")
def test_the_workers_are_not_published() -> None:
    worker = _services()["trino-worker"]
    assert (worker["type"], [p["port"] for p in worker["ports"]]) == ("ClusterIP", [8080])


@pytest.mark.row("S-SVC-04/K", "S-PORT-03/K", "S-PORT-04/K")
def test_the_lake_has_two_named_ports() -> None:
    ports = {p["name"]: (p["port"], p["nodePort"]) for p in _services()["minio"]["ports"]}
    assert ports == {"api": (9000, 30900), "console": (9001, 30901)}


@pytest.mark.row("S-SVC-05/K")
def test_the_metastore_is_reached_inside_only() -> None:
    spec = _services()["hive-metastore"]
    assert (spec["type"], [p["port"] for p in spec["ports"]]) == ("ClusterIP", [9083])


@pytest.mark.row("S-SVC-08/K", "S-SVC-11/K", "S-SVC-12/K")
@pytest.mark.parametrize("name", ["sales-db", "marketing-db", "hive-metastore-db"])
def test_a_database_is_reached_inside_only(name: str) -> None:
    spec = _services()[name]
    assert (spec["type"], [p["port"] for p in spec["ports"]]) == ("ClusterIP", [5432])


@pytest.mark.row("S-SVC-13/K")
@pytest.mark.parametrize("domain", ["sales", "marketing"])
def test_the_other_names_of_the_databases_exist(domain: str) -> None:
    names = {
        (o["metadata"]["namespace"], o["metadata"]["name"]): o["spec"].get("externalName") for o in _kinds("Service")
    }
    assert names["data-platform", f"postgres-{domain}"] == f"{domain}-db.{domain}-domain.svc.cluster.local"


@pytest.mark.parametrize(
    ("service", "size"),
    [
        pytest.param("sales-db", "5Gi", marks=pytest.mark.row("S-PVC-03/K")),
        pytest.param("marketing-db", "5Gi", marks=pytest.mark.row("S-PVC-04/K")),
        pytest.param("hive-metastore-db", "2Gi", marks=pytest.mark.row("S-PVC-07/K")),
        ("minio", "10Gi"),
    ],
)
def test_claims_have_their_size(service: str, size: str) -> None:
    (claim,) = _workloads()[service]["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == size


@pytest.mark.row("S-NS-01/K")
def test_the_platform_lives_in_its_namespace() -> None:
    platform = ("trino-coordinator", "trino-worker", "minio", "hive-metastore", "hive-metastore-db")
    assert {_workloads()[service]["metadata"]["namespace"] for service in platform} == {"data-platform"}


@pytest.mark.row("S-NS-09/K")
def test_namespaces_come_first_one_document_each() -> None:
    kinds = [(o["kind"], o["metadata"]["name"]) for o in resources_in_order(_objects())]
    namespaces = [name for kind, name in kinds if kind == "Namespace"]
    assert namespaces == sorted({o["metadata"]["namespace"] for o in _objects() if "namespace" in o["metadata"]})
    assert [kind for kind, _ in kinds[: len(namespaces)]] == ["Namespace"] * len(namespaces)
    files = layout(_objects())
    assert [o["resources"][0] for o in (*files["kustomization.yaml"], *files["cluster/kustomization.yaml"])] == [
        "cluster",
        "namespaces.yaml",
    ]


@pytest.mark.row("S-SEC-01/K")
def test_each_namespace_denies_everything_by_default() -> None:
    denied = {
        o["metadata"]["namespace"]
        for o in _kinds("NetworkPolicy")
        if o["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    }
    assert denied == {o["metadata"]["name"] for o in _kinds("Namespace")}


def _edges() -> set[tuple[str, str, int]]:
    """Every pair that the policies let talk: from, to, port. Both sides must agree."""
    ends: dict[str, set[tuple[str, str, int]]] = {"egress": set(), "ingress": set()}
    for o in _kinds("NetworkPolicy"):
        own = o["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name")
        for way, key in (("egress", "to"), ("ingress", "from")):
            for rule in o["spec"].get(way, ()):
                for peer, port in product(rule[key], rule["ports"]):
                    other = peer.get("podSelector", {}).get("matchLabels", {}).get("app.kubernetes.io/name")
                    if own and other:
                        ends[way].add((own, other, port["port"]) if way == "egress" else (other, own, port["port"]))
    assert ends["egress"] == ends["ingress"]
    return ends["egress"]


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(("sales-db", 5432), marks=pytest.mark.row("S-SEC-02/K")),
        pytest.param(("marketing-db", 5432), marks=pytest.mark.row("S-SEC-03/K")),
        pytest.param(("hive-metastore", 9083), marks=pytest.mark.row("S-SEC-05/K")),
        ("minio", 9000),
    ],
)
def test_trino_reaches_what_it_federates(target: tuple[str, int]) -> None:
    assert {("trino-coordinator", *target), ("trino-worker", *target)} <= _edges()


def test_coordinator_and_workers_reach_each_other() -> None:
    pair = ("trino-coordinator", "trino-worker")
    assert {(a, b, 8080) for a, b in product(pair, pair)} - {(pair[0], pair[0], 8080)} <= _edges()


@pytest.mark.row("S-SEC-08/K")
def test_the_domains_never_talk_to_each_other() -> None:
    home = {name: o["metadata"]["namespace"] for name, o in _workloads().items()}
    crossing = {(home[a], home[b]) for a, b, _ in _edges()}
    assert ("sales-domain", "marketing-domain") not in crossing
    assert ("marketing-domain", "sales-domain") not in crossing
    reached = {b for a, b, _ in _edges() if home[b] in ("sales-domain", "marketing-domain")}
    talkers = {a for a, b, _ in _edges() if b in reached}
    assert talkers == {"trino-coordinator", "trino-worker", "sales-api", "marketing-api"}


@pytest.mark.row("S-SEC-63/K")
def test_passwords_stand_in_no_file() -> None:
    assert "Secret" not in {o["kind"] for o in _objects()}
    assert "secretName" not in str(_objects())


@pytest.mark.row("S-SEC-67/K")
def test_nothing_runs_as_root_and_nothing_writes_its_root() -> None:
    for name, o in _workloads().items():
        context = pod(o)["securityContext"]
        assert (context["runAsNonRoot"], context["runAsUser"] > 0) == (True, True), name
        assert container(o)["securityContext"]["readOnlyRootFilesystem"] is True, name


@pytest.mark.row("S-OPS-34/K")
def test_every_container_has_limits_and_requests() -> None:
    for name, o in _workloads().items():
        for own in [*pod(o)["containers"], *pod(o).get("initContainers", ())]:
            assert own["resources"]["limits"]["memory"] == own["resources"]["requests"]["memory"], name
            assert own["resources"]["requests"]["cpu"].endswith("m")


def test_there_is_one_quota_for_each_namespace_and_it_is_the_sum() -> None:
    quotas = {o["metadata"]["namespace"]: o["spec"]["hard"] for o in _kinds("ResourceQuota")}
    assert set(quotas) == {o["metadata"]["name"] for o in _kinds("Namespace")}
    for total in sums(_read().source):
        assert mib(quotas[total.namespace]["limits.memory"]) == total.memory
        assert quotas[total.namespace]["services.nodeports"] == str(total.node_ports)


@pytest.mark.parametrize("ram", BUDGETS)
def test_the_limits_of_the_pods_are_those_of_the_plan(ram: int) -> None:
    read = _read(WHOLE, ram)
    made = {service_of(o): o for o in _objects(WHOLE, ram) if is_workload(o)}
    shares = {s.service: s for s in read.planned.plan.shares}
    assert set(made) == set(shares) - PODS_OF_ONE
    for name in made:
        share = shares[f"{name}-1" if name in ("sales-api", "marketing-api") else name]
        assert container(made[name])["resources"]["limits"]["memory"] == f"{share.limit}Mi"
        env = {e["name"]: e["value"] for e in container(made[name]).get("env", ())}
        if share.heap:
            assert str(share.heap) in {value.removesuffix("MiB") for value in env.values()}


def test_priorities_put_data_first_and_jobs_last() -> None:
    values = {o["metadata"]["name"]: o["value"] for o in _kinds("PriorityClass")}
    assert len(values) >= 3
    used = {name: values[pod(o)["priorityClassName"]] for name, o in _workloads().items()}
    assert used["sales-db"] == max(values.values())
    assert used["dbt"] == min(values.values())


@pytest.mark.row("S-OPS-37/K")
def test_every_long_running_container_has_three_probes() -> None:
    for name, o in _workloads().items():
        probes = {key for key in container(o) if key.endswith("Probe")}
        assert probes == (set() if o["kind"] == "Job" else {"livenessProbe", "readinessProbe", "startupProbe"}), name


def test_catalogs_are_config_maps_with_the_bytes_of_the_checkout() -> None:
    maps = {o["metadata"]["name"]: o["data"] for o in _kinds("ConfigMap")}
    for path in sorted((ROOT / "services" / "trino" / "config" / "catalog").glob("*.properties")):
        name = f"trino-catalog-{path.stem.replace('_', '-')}"
        assert maps[name][name] == path.read_text()


def _named(objects: Iterable[Object], name: str) -> Object:
    (found,) = [o for o in objects if o["metadata"]["name"] == name]
    return found


def test_the_workers_scale_and_may_be_disturbed_one_at_a_time() -> None:
    scaler = _named(_kinds("HorizontalPodAutoscaler"), "trino-worker")
    assert scaler["spec"]["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "trino-worker"}
    budget = _named(_kinds("PodDisruptionBudget"), "trino-worker")
    assert budget["spec"]["maxUnavailable"] == 1
    assert pod(_workloads()["trino-worker"])["terminationGracePeriodSeconds"] >= 60


def test_two_workers_of_a_cluster_are_never_disturbed_both() -> None:
    objects = _objects(target=TargetRequest("cluster", workers=2))
    assert _named(_kinds("PodDisruptionBudget", objects), "trino-worker")["spec"].get("minAvailable") == 1
    worker = workload_of(objects, "trino-worker")
    assert worker
    assert pod(worker)["affinity"]["podAntiAffinity"]


def test_ways_in_by_name_have_tls() -> None:
    made = _kinds("Ingress", _objects(target=TargetRequest(ingress_host="mesh.example.org")))
    titles = [u.title for s in adapters_for().repository.model().services for u in s.urls]
    assert len(made) == len(titles)
    assert all(o["spec"]["tls"][0]["hosts"] == [o["spec"]["rules"][0]["host"]] for o in made)


def test_each_pod_has_an_account_of_its_own_and_none_is_an_administrator() -> None:
    accounts = {pod(o)["serviceAccountName"] for o in _workloads().values()}
    assert accounts == set(_workloads())
    assert not [o for o in _objects() if o["kind"] in ("ClusterRole", "ClusterRoleBinding")]


def test_a_small_budget_leaves_the_worker_out_and_its_edges_too() -> None:
    objects = _objects(WHOLE, 1536)
    assert "trino-worker" not in str([o["metadata"]["name"] for o in objects])
    source: Source = _read(WHOLE, 1536).source
    assert "trino-worker" in source.left_out


@pytest.mark.row("S-SEC-61/K")
def test_encrypted_claims() -> None:
    assert _classes(_objects()) == {None}
    assert _classes(_objects(target=TargetRequest(encrypted=True))) == {"encrypted"}


def _classes(objects: Objects) -> set[str | None]:
    """The storage classes of all claims."""
    templates = [t for o in _kinds("StatefulSet", objects) for t in o["spec"].get("volumeClaimTemplates", ())]
    assert len(templates) >= 4
    return {c["spec"].get("storageClassName") for c in (*templates, *_kinds("PersistentVolumeClaim", objects))}


@pytest.mark.row("S-SEC-71/K")
def test_an_audit_policy_is_shipped() -> None:
    (policy,) = layout(_objects())["audit-policy.yaml"]
    assert policy["kind"] == "Policy"
    assert {"sales-domain", "marketing-domain", "data-platform"} <= set(policy["rules"][1]["namespaces"])
