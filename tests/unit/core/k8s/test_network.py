"""Names, ports and who may talk to whom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from datameesh_cli.core.declaration import Edge
from datameesh_cli.core.k8s.objects import Object, Objects, container, workload_of
from datameesh_cli.core.k8s.passes.policies import NAMESPACE
from datameesh_cli.core.k8s.passes.ports import node_port
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.core.k8s.target import External, Ingress, Target
from datameesh_cli.errors import UserError
from tests.fakes.values import a_service
from tests.unit.core.k8s.example import BODIES, DB, NIGHTLY, WEB, draft, example, found


def _all(*services: Any, **fields: Any) -> Objects:
    source = example(*services, **fields)
    return passes(draft(source), source)


def _policies(objects: Objects, namespace: str) -> dict[str, Object]:
    policies = [o for o in objects if o["kind"] == "NetworkPolicy" and o["metadata"]["namespace"] == namespace]
    return {o["metadata"]["name"]: o["spec"] for o in policies}


def test_a_service_has_the_container_s_port_and_the_plan_s_node_port() -> None:
    spec = found(_all(), "Service", "web")["spec"]
    assert spec["type"] == "NodePort"
    assert [(p["name"], p["port"], p["targetPort"], p["nodePort"]) for p in spec["ports"]] == [
        ("api", 5000, 5000, 30081),
        ("tcp-5001", 5001, 5001, 30902),
    ]
    assert found(_all(), "Service", "db", "sales-domain")["spec"]["type"] == "ClusterIP"


def test_a_port_that_is_not_published_has_a_service_without_a_way_in() -> None:
    """A cluster gives every port of a NodePort Service a NodePort, said or not."""
    objects = _all(DB, NIGHTLY, replace(WEB, listens=(*WEB.listens, 5002)))
    inside, outside = (found(objects, "Service", name)["spec"] for name in ("web", "web-outside"))
    assert (inside["type"], [p["port"] for p in inside["ports"]]) == ("ClusterIP", [5000, 5001, 5002])
    assert not any("nodePort" in p for p in inside["ports"])
    assert (outside["type"], [(p["port"], p["nodePort"]) for p in outside["ports"]]) == (
        "NodePort",
        [(5000, 30081), (5001, 30902)],
    )
    assert outside["selector"] == inside["selector"]


def test_a_port_that_is_no_node_port_gets_one() -> None:
    assert (node_port(30808), node_port(9002), node_port(32768)) == (30808, 30902, 30968)


def test_a_stateful_set_has_a_headless_service_and_a_job_has_none() -> None:
    services = {o["metadata"]["name"]: o["spec"] for o in _all() if o["kind"] == "Service"}
    assert services["db-headless"]["clusterIP"] == "None"
    assert "nightly" not in services
    assert "web-headless" not in services


def test_what_stands_behind_a_service_is_let_out_to_by_its_port() -> None:
    """A name is every address, for a policy knows none; nobody else is let out, and nothing is let in by it."""
    out = (Edge("ldap.mycompany.com", 636), Edge("10.9.8.7", 443))
    before = _policies(_all(), "data-platform")
    found = _policies(_all(DB, NIGHTLY, replace(WEB, outside=out)), "data-platform")
    fresh = {name: spec for name, spec in found.items() if name not in before}
    to_web = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "web"}}, "policyTypes": ["Egress"]}
    assert fresh == {
        f"web-to-outside-{name}": to_web
        | {"egress": [{"to": [{"ipBlock": {"cidr": cidr}}], "ports": [{"port": port, "protocol": "TCP"}]}]}
        for name, cidr, port in (("ldap-mycompany-com-636", "0.0.0.0/0", 636), ("10-9-8-7-443", "10.9.8.7/32", 443))
    }


def test_the_names_of_the_compose_network_lead_to_the_same_service() -> None:
    aliases = {
        (o["metadata"]["namespace"], o["metadata"]["name"]): o["spec"]["externalName"]
        for o in _all()
        if o["kind"] == "Service" and o["spec"]["type"] == "ExternalName"
    }
    there = "db.sales-domain.svc.cluster.local"
    names = [
        ("data-platform", "db"),
        ("data-platform", "old"),
        ("data-platform", "postgres"),
        ("sales-domain", "postgres"),
    ]
    assert aliases == dict.fromkeys(names, there)


def test_an_alias_into_a_namespace_that_is_not_exported_is_left_out() -> None:
    aliases = [o["metadata"]["namespace"] for o in _all(DB) if o.get("spec", {}).get("type") == "ExternalName"]
    assert aliases == ["sales-domain"]


def test_two_services_of_one_name_in_one_namespace_are_refused() -> None:
    old = a_service("old", listens=(1,), namespace="data-platform")
    with pytest.raises(UserError, match="in namespace data-platform the name 'old' would be"):
        _all(DB, old, bodies={"old": BODIES["nightly"]})


def test_nothing_is_allowed_but_names_edges_and_ways_in() -> None:
    policies = _policies(_all(), "data-platform")
    assert policies["deny-all"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (dns,) = policies["allow-dns"]["egress"]
    assert {(p["port"], p["protocol"]) for p in dns["ports"]} == {(53, "UDP"), (53, "TCP")}
    assert set(policies) == {
        *("deny-all", "allow-dns", "web-to-db-5432-out", "nightly-to-web-5000-out", "nightly-to-web-5000-in"),
        *("outside-to-web-5000", "outside-to-web-5001", "web-to-api-server"),
    }
    assert set(_policies(_all(), "sales-domain")) == {"deny-all", "allow-dns", "web-to-db-5432-in"}


def test_an_edge_names_the_pod_and_the_namespace_at_both_ends() -> None:
    out = _policies(_all(), "data-platform")["web-to-db-5432-out"]
    (rule,) = out["egress"]
    assert rule["to"][0]["namespaceSelector"]["matchLabels"] == {NAMESPACE: "sales-domain"}
    assert rule["to"][0]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "db"}
    assert rule["ports"] == [{"port": 5432, "protocol": "TCP"}]
    into = _policies(_all(), "sales-domain")["web-to-db-5432-in"]
    assert into["ingress"][0]["from"][0]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "web"}


def test_depends_on_is_an_edge_too() -> None:
    silent = a_service("silent", depends_on=("db",), listens=(1,))
    objects = _all(DB, silent, bodies={"silent": BODIES["nightly"]})
    assert "silent-to-db-5432-out" in _policies(objects, "data-platform")


def test_a_service_may_talk_to_its_own_other_pods() -> None:
    worker = a_service("worker", listens=(1,), consumes=(Edge("worker", 1),))
    objects = _all(worker, bodies={"worker": BODIES["nightly"]})
    assert {"worker-to-worker-1-in", "worker-to-worker-1-out"} <= set(_policies(objects, "data-platform"))


def test_what_the_target_takes_from_outside_keeps_its_name() -> None:
    target = Target(name="x", external={"db": External("db.example.org")})
    objects = _all(WEB, NIGHTLY, target=target, outside=(DB,))
    alias = found(objects, "Service", "db", "data-platform")
    assert alias["spec"] == {"type": "ExternalName", "externalName": "db.example.org"}
    (rule,) = _policies(objects, "data-platform")["web-to-db-5432-out"]["egress"]
    assert rule["to"] == [{"ipBlock": {"cidr": "0.0.0.0/0"}}]


def test_what_is_taken_from_outside_may_be_on_another_port() -> None:
    target = Target(name="x", external={"db": External("db.example.org", 6432)})
    objects = _all(WEB, NIGHTLY, target=target, outside=(DB,))
    policies = _policies(objects, "data-platform")
    (rule,) = policies["web-to-db-6432-out"]["egress"]
    assert rule == {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 6432, "protocol": "TCP"}]}
    assert not [name for name in policies if name.startswith("web-to-db") and name != "web-to-db-6432-out"]
    assert _policies(objects, "sales-domain") == {}
    assert "/db.sales-domain.svc.cluster.local/6432" in str(workload_of(objects, "web"))


def test_from_outside_is_from_no_pod_where_the_pods_addresses_are_known() -> None:
    rule = _policies(_all(target=Target(name="kind")), "data-platform")["outside-to-web-5000"]["ingress"][0]
    assert rule["from"] == [{"ipBlock": {"cidr": "0.0.0.0/0"}}]
    known = _policies(_all(target=Target(name="kind", pod_network="10.244.0.0/16")), "data-platform")
    rule = known["outside-to-web-5000"]["ingress"][0]
    assert rule["from"] == [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.244.0.0/16"]}}]


@pytest.mark.parametrize(
    ("said", "by_name"),
    [
        ("https://localhost:9002", "https://web-page.mesh.example.org"),
        ("https://mesh.example:9002/callback?x=1", "https://web-page.mesh.example.org/callback?x=1"),
        ("http://localhost:9002,https://localhost:9002", "https://web-page.mesh.example.org," * 2),
        ("https://localhost:90021", "https://localhost:90021"),
        ("http://localhost:30081/", "http://localhost:30081/"),
        ("http://web.data-platform.svc.cluster.local:9002", "http://web.data-platform.svc.cluster.local:9002"),
        ("localhost:9002", "localhost:9002"),
    ],
    ids=["page", "other name", "two", "longer port", "no page", "inside", "no address"],
)
def test_what_is_said_of_a_published_page_is_its_way_in_by_name_where_there_is_one(said: str, by_name: str) -> None:
    """Another service's variable: web's page, of which nightly speaks."""
    bodies = {"nightly": {"environment": {"PAGE": said}}}
    named = _all(bodies=bodies, target=Target(name="x", ingress=Ingress("mesh.example.org")))
    for objects, value in ((named, by_name.rstrip(",")), (_all(bodies=bodies), said)):
        own = workload_of(objects, "nightly")
        assert own
        assert container(own)["env"] == [{"name": "PAGE", "value": value}]


def test_ways_in_by_name_come_with_tls() -> None:
    objects = _all(target=Target(name="x", ingress=Ingress("mesh.example.org", "nginx", "ca")))
    made = found(objects, "Ingress", "web-page")
    assert made["spec"]["tls"] == [{"hosts": ["web-page.mesh.example.org"], "secretName": "web-page-tls"}]
    assert made["spec"]["rules"][0]["http"]["paths"][0]["backend"] == {
        "service": {"name": "web", "port": {"number": 5001}}
    }
    assert made["metadata"]["annotations"] == {"cert-manager.io/cluster-issuer": "ca"}
    assert "Ingress" not in {o["kind"] for o in _all()}
