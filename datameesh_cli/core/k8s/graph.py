"""The graph check: what the schema can't see. Every name that an object or a configuration speaks of leads somewhere.

A stage of its own: pure, over the objects alone, so that a broken export is rejected however it came about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from datameesh_cli.core.k8s.objects import Object, Objects, container, identity, is_workload, pod
from datameesh_cli.core.k8s.passes.ports import NODE_PORTS
from datameesh_cli.core.k8s.reach import unreachable
from datameesh_cli.core.memory import mib

_POD_MAKERS = ("Deployment", "StatefulSet")


def graph_problems(objects: Objects) -> list[str]:
    """Given the objects of an export, return what leads nowhere, one line each ([] when all is well)."""
    by_key = {identity(o): o for o in objects}
    found = [f"{_name(o)} is there {n} times" for o, n in _duplicates(objects)]
    for o in objects:
        if o["metadata"].get("namespace") and ("", "Namespace", o["metadata"]["namespace"]) not in by_key:
            found.append(f"{_name(o)}: its namespace is not part of the export")
        if is_workload(o):
            found += _workload(o, by_key)
        elif o["kind"] == "Namespace":
            found += _namespace(o, objects)
        elif o["kind"] == "Service":
            found += _service(o, objects)
        elif o["kind"] == "HorizontalPodAutoscaler":
            found += _autoscaler(o, by_key)
        elif o["kind"] in ("PodDisruptionBudget", "NetworkPolicy"):
            found += _selects(o, objects)
        elif o["kind"] == "Secret":
            found.append(f"{_name(o)}: the value of a secret is written")
    return [*found, *_node_ports(objects), *_quotas(objects), *unreachable(objects)]


def _name(o: Mapping[str, Any]) -> str:
    return f"{o['kind']} {'/'.join(part for part in (identity(o)[0], identity(o)[2]) if part)}"


def _duplicates(objects: Objects) -> list[tuple[Object, int]]:
    counts = Counter(identity(o) for o in objects)
    return [(next(o for o in objects if identity(o) == key), n) for key, n in sorted(counts.items()) if n > 1]


def _labels(o: Object) -> Mapping[str, str]:
    return o["spec"]["template"]["metadata"].get("labels") or {}


def _matches(selector: Mapping[str, str], o: Object) -> bool:
    return all(_labels(o).get(k) == v for k, v in selector.items())


def _workload(o: Object, by_key: Mapping[tuple[str, str, str], Object]) -> Iterator[str]:
    namespace, kind, _ = identity(o)
    spec, own = pod(o), container(o)
    if kind in _POD_MAKERS and not _matches(o["spec"]["selector"]["matchLabels"], o):
        yield f"{_name(o)}: its selector does not match its own pods"
    if kind == "StatefulSet":
        headless = by_key.get((namespace, "Service", o["spec"]["serviceName"]))
        if headless is None or headless["spec"].get("clusterIP") != "None":
            yield f"{_name(o)}: there is no headless Service {o['spec']['serviceName']}"
    if (namespace, "ServiceAccount", spec.get("serviceAccountName", "default")) not in by_key:
        yield f"{_name(o)}: its ServiceAccount is not part of the export"
    if ("", "PriorityClass", spec.get("priorityClassName", "")) not in by_key:
        yield f"{_name(o)}: its priority class is not part of the export"
    volumes = {v["name"]: v for v in spec.get("volumes", ())}
    claims = {c["metadata"]["name"] for c in o["spec"].get("volumeClaimTemplates", ())}
    for mount in own.get("volumeMounts", ()):
        if mount["name"] not in volumes and mount["name"] not in claims:
            yield f"{_name(o)}: it mounts the volume '{mount['name']}', which is not declared"
    for volume in volumes.values():
        yield from _volume(o, volume, by_key)
    yield from _restricted(o)


def _volume(o: Object, volume: Mapping[str, Any], by_key: Mapping[tuple[str, str, str], Object]) -> Iterator[str]:
    namespace = identity(o)[0]
    claim = volume.get("persistentVolumeClaim", {}).get("claimName")
    if claim and (namespace, "PersistentVolumeClaim", claim) not in by_key:
        yield f"{_name(o)}: the claim '{claim}' is not part of the export"
    projected = [s["configMap"] for s in volume.get("projected", {}).get("sources", ()) if "configMap" in s]
    for source in [*projected, *([volume["configMap"]] if "configMap" in volume else [])]:
        if source["name"] == "kube-root-ca.crt":
            continue  # Kubernetes puts it into every namespace
        there = by_key.get((namespace, "ConfigMap", source["name"]))
        keys = {*((there or {}).get("data") or {}), *((there or {}).get("binaryData") or {})}
        for item in source.get("items", ()):
            if item["key"] not in keys:
                yield f"{_name(o)}: the key '{item['key']}' of ConfigMap {source['name']} is not part of the export"


def _namespace(o: Object, objects: Objects) -> Iterator[str]:
    labels = o["metadata"].get("labels") or {}
    if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
        yield f"{_name(o)}: its pods are not held to Pod Security `restricted`"
    there = [inside for inside in objects if identity(inside)[0] == o["metadata"]["name"]]
    denied = any(
        p["kind"] == "NetworkPolicy" and p["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
        for p in there
    )
    if not denied and any(is_workload(inside) for inside in there):
        yield f"{_name(o)}: no policy denies what is not declared"


def _restricted(o: Object) -> Iterator[str]:
    """What Pod Security `restricted` asks for; a server says it only of namespaces that exist already."""
    spec = pod(o)
    context = spec.get("securityContext", {})
    if not context.get("runAsNonRoot") or context.get("runAsUser") == 0:
        yield f"{_name(o)}: it may run as root"
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield f"{_name(o)}: it may make every system call (seccompProfile)"
    for own in [*spec["containers"], *spec.get("initContainers", ())]:
        rights = own.get("securityContext", {})
        if rights.get("allowPrivilegeEscalation") is not False or rights.get("capabilities", {}).get("drop") != ["ALL"]:
            yield f"{_name(o)}: container {own['name']} keeps rights that `restricted` takes away"
        memory = own.get("resources", {}).get("limits", {}).get("memory")
        if not memory or own["resources"].get("requests", {}).get("memory") != memory:
            yield f"{_name(o)}: container {own['name']} has no memory limit, or another request"


def _service(o: Object, objects: Objects) -> Iterator[str]:
    selector = o["spec"].get("selector")
    if not selector:
        return
    pods = [w for w in objects if is_workload(w) and identity(w)[0] == identity(o)[0] and _matches(selector, w)]
    if not pods:
        yield f"{_name(o)}: it selects no pod"
    for port in o["spec"]["ports"]:
        listened = {p["containerPort"] for w in pods for p in container(w).get("ports", ())}
        if pods and port["targetPort"] not in listened:
            yield f"{_name(o)}: no container listens on {port['targetPort']}"


def _autoscaler(o: Object, by_key: Mapping[tuple[str, str, str], Object]) -> Iterator[str]:
    wanted = o["spec"]["scaleTargetRef"]
    target = by_key.get((identity(o)[0], wanted["kind"], wanted["name"]))
    if target is None:
        yield f"{_name(o)}: there is no {wanted['kind']} {wanted['name']}"
    elif "replicas" in target["spec"]:
        yield f"{_name(o)}: {wanted['name']} also says its replicas, so each apply would undo the autoscaler's"


def _selects(o: Object, objects: Objects) -> Iterator[str]:
    spec = o["spec"]
    selector = (spec.get("podSelector") or spec.get("selector") or {}).get("matchLabels", {})
    pods = [w for w in objects if is_workload(w) and identity(w)[0] == identity(o)[0] and _matches(selector, w)]
    if not pods:
        yield f"{_name(o)}: it selects no pod"


def _node_ports(objects: Objects) -> Iterator[str]:
    taken: dict[int, Object] = {}
    for o in objects:
        for port in o["spec"].get("ports", ()) if o["kind"] == "Service" else ():
            number = port.get("nodePort")
            if number is None:
                continue
            if number not in NODE_PORTS:
                yield f"{_name(o)}: {number} is no NodePort (30000-32767)"
            if taken.setdefault(number, o) is not o:
                yield f"{_name(o)}: NodePort {number} belongs to {_name(taken[number])}"


def _quotas(objects: Objects) -> Iterator[str]:
    for quota in (o for o in objects if o["kind"] == "ResourceQuota"):
        namespace, hard = identity(quota)[0], quota["spec"]["hard"]
        there = [o for o in objects if identity(o)[0] == namespace]
        needed = sum(_memory(o, there) for o in there if is_workload(o))
        if mib(hard["limits.memory"]) < needed:
            yield f"{_name(quota)}: limits.memory {hard['limits.memory']}, the pods need {needed}Mi"
        node_ports = sum("nodePort" in p for o in there if o["kind"] == "Service" for p in o["spec"].get("ports", ()))
        if int(hard["services.nodeports"]) != node_ports:
            yield f"{_name(quota)}: services.nodeports {hard['services.nodeports']}, the Services have {node_ports}"
        claims = sum(_claims(o, there) for o in there)
        if int(hard["persistentvolumeclaims"]) < claims:
            yield f"{_name(quota)}: persistentvolumeclaims {hard['persistentvolumeclaims']}, the pods need {claims}"


def _pods(o: Object, there: Iterable[Object]) -> int:
    scaled = [
        h["spec"]["maxReplicas"]
        for h in there
        if h["kind"] == "HorizontalPodAutoscaler" and h["spec"]["scaleTargetRef"]["name"] == o["metadata"]["name"]
    ]
    return int(scaled[0]) if scaled else int(o["spec"].get("replicas", 1))


def _memory(o: Object, there: Iterable[Object]) -> int:
    surge = o["spec"].get("strategy", {}).get("rollingUpdate", {}).get("maxSurge", 0)
    limit = container(o).get("resources", {}).get("limits", {}).get("memory", "0Mi")
    return int(mib(limit)) * (_pods(o, there) + int(surge))


def _claims(o: Object, there: Iterable[Object]) -> int:
    if o["kind"] == "PersistentVolumeClaim":
        return 1
    return len(o["spec"].get("volumeClaimTemplates", ())) * _pods(o, there) if o["kind"] == "StatefulSet" else 0
