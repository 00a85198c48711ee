"""What an export makes of the domains' APIs: two pods of each under one name, with what an operator expects of them."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import yaml

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.k8s.objects import Objects, service_of
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.usecases.read_source import TargetRequest, read_source
from tests.contract.repo import ROOT
from tests.unit.core.k8s.example import draft

APIS = {"sales-api": ("sales-domain", 30081), "marketing-api": ("marketing-domain", 30083)}


@cache
def _objects() -> Objects:
    source = read_source(adapters_for(), ("core",), 1024, TargetRequest("kind")).source
    return passes(draft(source), source)


def _one(kind: str, service: str) -> Any:
    (found,) = [o for o in _objects() if o["kind"] == kind and o["metadata"]["name"] == service]
    return found


def _container(service: str) -> Any:
    (found,) = _one("Deployment", service)["spec"]["template"]["spec"]["containers"]
    return found


def test_neither_balancer_nor_single_replicas_are_exported() -> None:
    names = {service_of(o) for o in _objects() if service_of(o)}
    assert names == {"sales-api", "sales-api-db", "sales-db", "marketing-api", "marketing-db"}
    assert _container("sales-api")["image"].startswith("datameesh/domain-api:")


@pytest.mark.row("S-API-15/K")
@pytest.mark.parametrize("service", APIS)
def test_there_are_two_pods_and_a_third_when_they_are_busy(service: str) -> None:
    spec = _one("HorizontalPodAutoscaler", service)["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 3)
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": service}
    assert {m["resource"]["name"] for m in spec["metrics"]} == {"cpu", "memory"}


@pytest.mark.row("S-SVC-09", "S-PORT-07/K", "S-PORT-08/K")
@pytest.mark.parametrize("service", APIS)
def test_one_node_port_leads_to_all_of_them(service: str) -> None:
    spec = _one("Service", service)["spec"]
    assert spec["type"] == "NodePort"
    assert [(p["port"], p["targetPort"], p["nodePort"]) for p in spec["ports"]] == [(5000, 5000, APIS[service][1])]
    pods = _one("Deployment", service)["spec"]["template"]["metadata"]["labels"]
    assert spec["selector"].items() <= pods.items()


@pytest.mark.row("S-API-09/K", "S-API-14/K")
@pytest.mark.parametrize("service", APIS)
def test_a_pod_is_asked_whether_it_lives_and_whether_it_is_ready_and_is_nobody(service: str) -> None:
    own, pod = _container(service), _one("Deployment", service)["spec"]["template"]["spec"]
    assert own["livenessProbe"]["tcpSocket"] == {"port": 5000}
    assert own["readinessProbe"]["exec"]["command"][-1] == "api-ready"
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, 10501)
    assert own["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.row("S-API-10/K")
@pytest.mark.parametrize("service", APIS)
def test_prometheus_finds_its_figures(service: str) -> None:
    notes = _one("Deployment", service)["spec"]["template"]["metadata"]["annotations"]
    assert {k: v for k, v in notes.items() if k.startswith("prometheus.io/")} == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "5000",
        "prometheus.io/path": "/metrics",
    }


@pytest.mark.row("S-OPS-32")
@pytest.mark.parametrize("service", APIS)
def test_pods_of_one_api_stand_on_different_nodes_where_there_are_some(service: str) -> None:
    pods = _one("Deployment", service)["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"]
    (wish,) = pods["preferredDuringSchedulingIgnoredDuringExecution"]
    assert wish["podAffinityTerm"]["topologyKey"] == "kubernetes.io/hostname"
    assert wish["podAffinityTerm"]["labelSelector"]["matchLabels"] == {"app.kubernetes.io/name": service}


@pytest.mark.parametrize("service", APIS)
def test_one_pod_of_each_stays_while_a_node_is_emptied(service: str) -> None:
    assert _one("PodDisruptionBudget", service)["spec"]["minAvailable"] == 1


@pytest.mark.row("S-NS-02/K", "S-NS-03/K")
def test_each_lives_in_its_domain_and_its_database_asks_nobody() -> None:
    assert {s: _one("Deployment", s)["metadata"]["namespace"] for s in APIS} == {s: n for s, (n, _) in APIS.items()}
    assert _one("StatefulSet", "sales-api-db")["metadata"]["namespace"] == "sales-domain"


@pytest.mark.row("S-SVC-10/K", "S-PVC-05/K")
def test_the_log_s_database_has_two_gigabytes_and_no_way_in() -> None:
    assert _one("Service", "sales-api-db")["spec"]["type"] == "ClusterIP"
    (claim,) = _one("StatefulSet", "sales-api-db")["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "2Gi"


def test_no_policy_lets_one_domain_talk_to_the_other() -> None:
    for policy in (o for o in _objects() if o["kind"] == "NetworkPolicy"):
        other = {"sales-domain": "marketing-domain", "marketing-domain": "sales-domain"}.get(
            policy["metadata"]["namespace"]
        )
        assert other is None or other not in str(policy["spec"]), policy["metadata"]["name"]


@pytest.mark.row("S-NS-02/C", "S-NS-03/C")
def test_on_compose_a_label_says_the_same_namespace() -> None:
    services = yaml.safe_load((ROOT / "compose" / "services.yaml").read_text())["services"]
    labels = {name: body["labels"]["datameesh.namespace"] for name, body in services.items()}
    for domain in ("sales", "marketing"):
        own = {f"{domain}-db", *(f"{domain}-api{end}" for end in ("", "-1", "-2"))}
        own |= {"sales-api-db"} if domain == "sales" else set()
        assert {name for name, space in labels.items() if space == f"{domain}-domain"} == own


def test_memory_is_what_the_documents_give_it_at_most() -> None:
    limits = {s: _container(s)["resources"]["limits"]["memory"] for s in APIS}
    assert limits == {"sales-api": "128Mi", "marketing-api": "64Mi"}
    (own,) = _one("StatefulSet", "sales-api-db")["spec"]["template"]["spec"]["containers"]
    assert own["resources"]["limits"]["memory"] == "128Mi"
