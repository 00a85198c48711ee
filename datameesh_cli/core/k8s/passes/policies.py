"""Nothing may talk to anything, but for names (DNS), the declared edges, and the ways in from outside.

An edge is two policies: out at its source, in at its target, both by the service's label and the namespace's own.
"""

from __future__ import annotations

from typing import Any

from datameesh_cli.core.declaration import Edge
from datameesh_cli.core.k8s.kubernetes_pass import Applied, kubernetes_pass
from datameesh_cli.core.k8s.objects import COMMON, NAME, Object, Objects, remade
from datameesh_cli.core.k8s.passes.ports import exposed
from datameesh_cli.core.k8s.source import Link, Part, Source
from datameesh_cli.core.network import addresses_of

NAMESPACE = "kubernetes.io/metadata.name"
DENY, DNS = "deny-all", "allow-dns"
EVERYWHERE = {"ipBlock": {"cidr": "0.0.0.0/0"}}


@kubernetes_pass(makes={Applied.RULES: ("NetworkPolicy",)}, after=("adopt",))
def policies(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with the NetworkPolicies of every namespace."""
    fresh: list[Object] = []
    for namespace in sorted({p.namespace for p in source.parts}):
        fresh.append(_policy(DENY, namespace, {}, {"policyTypes": ["Ingress", "Egress"]}))
        fresh.append(_policy(DNS, namespace, {}, _dns(source)))
    for link in source.links():
        fresh += _edge(link)
    for part in source.parts:
        fresh += [_way_in(part, port, source.target.pod_network) for port in sorted(exposed(part))]
        fresh += [_to_api(part)] if part.service.kubernetes.roles else []
        fresh += [_way_out(part, edge) for edge in part.service.outside]
    return remade(objects, lambda o: o["kind"] == "NetworkPolicy", fresh)


def _edge(link: Link) -> list[Object]:
    port = [{"port": link.port, "protocol": "TCP"}]
    out = _peer(link.target) if link.target else EVERYWHERE
    found = [
        _policy(
            f"{link.name}-out",
            link.source.namespace,
            {NAME: link.source.name},
            {"policyTypes": ["Egress"], "egress": [{"to": [out], "ports": port}]},
        )
    ]
    if link.target:
        rules = {"policyTypes": ["Ingress"], "ingress": [{"from": [_peer(link.source)], "ports": port}]}
        found.append(_policy(f"{link.name}-in", link.namespace, {NAME: link.service}, rules))
    return found


def _peer(part: Part) -> dict[str, Any]:
    return {
        "namespaceSelector": {"matchLabels": {NAMESPACE: part.namespace}},
        "podSelector": {"matchLabels": {NAME: part.name}},
    }


def _way_in(part: Part, port: int, pods: str | None) -> Object:
    """From anywhere: what comes through a NodePort has the node's address. The login of the service protects this port.

    Where the pods' addresses are known they are no "anywhere": a pod needs an edge.
    """
    block = {"ipBlock": {**EVERYWHERE["ipBlock"], "except": [pods]}} if pods else EVERYWHERE
    rules = {
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [block], "ports": [{"port": port, "protocol": "TCP"}]}],
    }
    return _policy(f"outside-to-{part.name}-{port}", part.namespace, {NAME: part.name}, rules)


def _to_api(part: Part) -> Object:
    """A service with roles speaks to the API server, which is no pod: it has the address of a node."""
    ports = [{"port": port, "protocol": "TCP"} for port in (443, 6443)]
    rules = {"policyTypes": ["Egress"], "egress": [{"to": [EVERYWHERE], "ports": ports}]}
    return _policy(f"{part.name}-to-api-server", part.namespace, {NAME: part.name}, rules)


def _way_out(part: Part, edge: Edge) -> Object:
    """To a host outside of the cluster: to its address, or to every one where it is a name, for a policy knows no names."""
    addresses = addresses_of(edge.service)
    block = {"cidr": addresses if "/" in addresses else f"{addresses}/32"}
    ports = [{"port": edge.port, "protocol": "TCP"}]
    rules = {"policyTypes": ["Egress"], "egress": [{"to": [{"ipBlock": block}], "ports": ports}]}
    return _policy(f"{part.name}-to-outside-{_named(edge)}", part.namespace, {NAME: part.name}, rules)


def _named(edge: Edge) -> str:
    return f"{edge.service}-{edge.port}".replace(".", "-")


def _dns(source: Source) -> dict[str, Any]:
    place = {"namespaceSelector": {"matchLabels": {NAMESPACE: source.target.dns_namespace}}}
    listeners = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    return {"policyTypes": ["Egress"], "egress": [{"to": [place], "ports": listeners}]}


def _policy(name: str, namespace: str, labels: dict[str, str], rules: dict[str, Any]) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": dict(COMMON),
        },
        "spec": {"podSelector": {"matchLabels": labels} if labels else {}, **rules},
    }
