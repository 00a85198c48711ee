"""Does every host:port in environment and configuration lead to a Service with that port, and do the policies let it through?

An address outside the cluster must be one that the target declares (`external`), and one of the workload's edges leads there;
or that of a way in by name, which is for browsers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from datameesh_cli.core.k8s.objects import Object, Objects, container, identity, is_workload, pod

_CLUSTER = ".svc.cluster.local"
_URL_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"([a-z][a-z0-9+]*)://$")
_NAME = re.compile(r"(?<![\w.-])([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*)(?::(\d{2,5}))?(?![\w-])")


def unreachable(objects: Objects) -> list[str]:
    """Given the objects of an export, return a line for each address that a workload speaks of and can't reach."""
    services = {(identity(o)[0], identity(o)[2]): o for o in objects if o["kind"] == "Service"}
    policies = [o for o in objects if o["kind"] == "NetworkPolicy"]
    found: dict[str, None] = {}
    for o in objects:
        if is_workload(o):
            for host, port, where in sorted(set(_addresses(o, objects, services))):
                problem = _reach(o, (host, port), services, objects, policies)
                if problem:
                    address = f"{host}:{port}" if port else host
                    found[f"{o['kind']} {'/'.join(identity(o)[::2])}: {where} speaks of {address}: {problem}"] = None
    return list(found)


def _addresses(
    o: Object, objects: Objects, services: Mapping[tuple[str, str], Object]
) -> Iterator[tuple[str, int, str]]:
    """Every address that the workload speaks of, of a Service or outside the cluster: (host, port or 0, where it stands)."""
    known = {name for _, name in services}
    for where, text in _texts(o, objects):
        for match in _NAME.finditer(text):
            scheme = _SCHEME.search(text, max(0, match.start() - 20), match.start())
            host, port = match[1], int(match[2] or 0)
            if scheme and _is_outside(host):  # a short one without a port may be a name inside the file
                port = port or _URL_PORTS.get(scheme[1], 0)
            # Any other name counts where it is an address: with a port of a known one, in a URL, or as the value of X_HOST.
            in_url = port and scheme and host != "localhost"
            alone = where.endswith("HOST") and match[0] == text and host != "localhost"
            if host.endswith(_CLUSTER) or (port and host in known) or in_url or alone:
                yield host, port or _port_beside(o, where), where


def _is_outside(host: str) -> bool:
    return "." in host and not host.endswith(_CLUSTER)


def _texts(o: Object, objects: Objects) -> Iterator[tuple[str, str]]:
    own = container(o)
    yield from ((f"environment {e['name']}", str(e.get("value", ""))) for e in own.get("env", ()))
    yield from (("command", str(word)) for word in [*own.get("command", ()), *own.get("args", ())])
    maps = {(identity(m)[0], identity(m)[2]): m for m in objects if m["kind"] == "ConfigMap"}
    for volume in pod(o).get("volumes", ()):
        projected = [s["configMap"] for s in volume.get("projected", {}).get("sources", ()) if "configMap" in s]
        for source in [*projected, *([volume["configMap"]] if "configMap" in volume else [])]:
            data = (maps.get((identity(o)[0], source["name"])) or {}).get("data") or {}
            for text in data.values():
                yield f"config {source['name']}", _without_comments(str(text))


def _without_comments(text: str) -> str:
    """A sentence about an address opens no connection."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(("#", "--", "//")))


def _port_beside(o: Object, where: str) -> int:
    """TRINO_HOST has its port in TRINO_PORT."""
    name = where.removeprefix("environment ")
    values = {e["name"]: str(e.get("value", "")) for e in container(o).get("env", ())}
    beside = values.get(name.removesuffix("_HOST") + "_PORT", "") if name.endswith("_HOST") else ""
    return int(beside) if beside.isdecimal() else 0


def _reach(
    o: Object,
    address: tuple[str, int],
    services: Mapping[tuple[str, str], Object],
    objects: Objects,
    policies: list[Object],
) -> str:
    namespace, (host, port) = identity(o)[0], address
    if _is_outside(host):
        if any(rule["host"] == host for i in objects if i["kind"] == "Ingress" for rule in i["spec"]["rules"]):
            return ""
        declared = any(s["spec"].get("externalName") == host for (ns, _), s in services.items() if ns == namespace)
        hint = f"declare it in the target's file, external: {{SERVICE: {{host: {host}}}}}"
        return _way_out(o, port, policies) if declared else f"nothing is taken from there; if it is meant, {hint}"
    service = _service(host, namespace, services)
    if service is None:
        elsewhere = "." not in host and any(name == host for _, name in services)
        hint = f'; if it is meant, declare it: consumes: ["{host}:{port}"]' if elsewhere else ""
        return f"there is no such Service{' in this namespace' if elsewhere else ''}{hint}"
    for _ in range(3):  # an alias leads to a Service, or out of the cluster
        if service["spec"].get("type") != "ExternalName":
            break
        there = _service(service["spec"]["externalName"], namespace, services)
        if there is None:
            name = service["spec"]["externalName"]
            if not _is_outside(name):
                return f"its alias leads to {name}, which is not there"
            problem = _way_out(o, port, policies)
            return problem and f"its alias leads to {name}, and {problem}"
        service = there
    ports = {p["port"]: p["targetPort"] for p in service["spec"]["ports"]}
    if port and port not in ports:
        return f"Service {service['metadata']['name']} has no port {port}"
    targets = [ports[port]] if port else list(ports.values())
    pods = [w for w in objects if is_workload(w) and _selected(service["spec"]["selector"], w, identity(service)[0])]
    own = any(w is o for w in pods)
    if pods and not own and not any(_allowed(o, pods[0], t, policies) for t in targets):
        return (
            f'no pair of policies lets it through; declare it: consumes: ["{service["metadata"]["name"]}:{targets[0]}"]'
        )
    return ""


def _way_out(o: Object, port: int, policies: list[Object]) -> str:
    """A policy knows addresses and no names: what is let out to a port is let out to every host on it."""
    out = any(_lets(p, "egress", "to", o, None, port) for p in policies)
    return "" if out else f"no policy lets it out{f' to port {port}' if port else ''}"


def _service(host: str, namespace: str, services: Mapping[tuple[str, str], Object]) -> Object | None:
    name, _, rest = host.partition(".")
    return services.get((rest.split(".")[0] if rest else namespace, name))


def _selected(selector: Mapping[str, str], w: Object, namespace: str) -> bool:
    labels = w["spec"]["template"]["metadata"].get("labels") or {}
    return identity(w)[0] == namespace and all(labels.get(k) == v for k, v in selector.items())


def _allowed(source: Object, target: Object, port: int, policies: list[Object]) -> bool:
    out = any(_lets(p, "egress", "to", source, target, port) for p in policies)
    return out and any(_lets(p, "ingress", "from", target, source, port) for p in policies)


def _lets(policy: Object, way: str, key: str, own: Object, other: Object | None, port: int) -> bool:
    """Given a policy, say whether it lets `own` talk with `other` (None: what is no pod) on a port (0: on any)."""
    spec = policy["spec"]
    if identity(policy)[0] != identity(own)[0] or not _picks(spec["podSelector"], own):
        return False
    return any(
        any(port in (0, p["port"]) for p in rule.get("ports", ())) and any(_peer(p, other) for p in rule.get(key, ()))
        for rule in spec.get(way, ())
    )


def _picks(selector: Mapping[str, Any], w: Object) -> bool:
    return _selected(selector.get("matchLabels", {}), w, identity(w)[0])


def _peer(peer: Mapping[str, Any], w: Object | None) -> bool:
    if "ipBlock" in peer or w is None:
        return "ipBlock" in peer and w is None  # from or to anywhere is a way in or out of the cluster, not an edge
    names = peer.get("namespaceSelector", {}).get("matchLabels", {})
    return names.get("kubernetes.io/metadata.name") == identity(w)[0] and _picks(peer.get("podSelector", {}), w)
