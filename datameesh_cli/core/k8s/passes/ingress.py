"""On request, a way in by name and over TLS for each URL that a folder declares."""

from __future__ import annotations

import re
from typing import Any

from datameesh_cli.core.declaration import Url
from datameesh_cli.core.k8s.kubernetes_pass import Applied, kubernetes_pass
from datameesh_cli.core.k8s.objects import Object, Objects, remade
from datameesh_cli.core.k8s.passes.adopt import metadata
from datameesh_cli.core.k8s.source import CLUSTER, Part, Source
from datameesh_cli.core.k8s.target import Ingress


@kubernetes_pass(makes={Applied.WAYS_IN: ("Ingress",)}, after=("adopt",))
def ingress(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with an Ingress for each declared URL, if the target has a host for them."""
    wanted = source.target.ingress
    fresh = [_ingress(p, u, wanted) for p in source.parts for u in p.service.urls] if wanted else []
    return remade(objects, lambda o: o["kind"] == "Ingress", fresh)


def own_certificates(source: Source) -> dict[str, tuple[str, str]]:
    """Return the namespace and the host of each way in whose certificate is ours to make, by the name of its Secret.

    None where the target names an issuer: then cert-manager makes them.
    """
    wanted = source.target.ingress
    if not wanted or wanted.issuer:
        return {}
    ways = [(p.namespace, _named(url)) for p in source.parts for url in p.service.urls]
    return {_certificate(name): (namespace, _host(name, wanted)) for namespace, name in ways}


def by_name(text: str, source: Source) -> str:
    """Given the value of a variable, return it with the way in by name of each page whose published port it speaks of.

    What a service says of its pages, and whom it sends where, is for browsers: they come by the names, if there are any.
    """
    wanted = source.target.ingress
    if not wanted:
        return text
    for part in source.parts:
        ports = {p.variable: p.default for p in part.service.ports}
        for url in part.service.urls:
            spoken = rf"https?://(?![\w.-]+\.{re.escape(CLUSTER)})[\w.-]+:{ports.get(url.port, 0)}(?!\d)"
            text = re.sub(spoken, f"https://{_host(_named(url), wanted)}", text)
    return text


def _certificate(name: str) -> str:
    return f"{name}-tls"


def _host(name: str, wanted: Ingress) -> str:
    return f"{name}.{wanted.host}"


def _named(url: Url) -> str:
    return re.sub(r"[^a-z0-9]+", "-", url.title.lower()).strip("-")


def _ingress(part: Part, url: Url, wanted: Ingress) -> Object:
    name = _named(url)
    host = _host(name, wanted)
    published = next((p for p in part.service.ports if p.variable == url.port), None)
    port = published.inside if published else part.service.listens[0]
    backend = {"service": {"name": part.name, "port": {"number": port}}}
    spec: dict[str, Any] = {
        "tls": [{"hosts": [host], "secretName": _certificate(name)}],
        "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
    }
    if wanted.kind:
        spec["ingressClassName"] = wanted.kind
    body: Object = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(part, name),
        "spec": spec,
    }
    notes = {"cert-manager.io/cluster-issuer": wanted.issuer} if wanted.issuer else {}
    if published and published.secure:
        notes["nginx.ingress.kubernetes.io/backend-protocol"] = "HTTPS"
    if notes:
        body["metadata"]["annotations"] = notes
    return body
