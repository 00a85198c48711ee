"""Who reaches whom on a cluster, asked of every pod, and who should by what the folders declare."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from datameesh_cli.core.cluster import AppliedExport, Workload, cluster_from, job_pod
from datameesh_cli.core.model import Service
from tests.cluster.kube import BUSYBOX, RESTRICTED, Kube, until
from tests.reach import BASH, Entry, declared

OUTSIDER = "outsider"
"""A namespace without policies and without a Pod Security level: what nobody wrote rules for."""
BYSTANDER = "bystander"
"""A pod in each namespace that is no service: only the namespace's own rules hold for it."""
HOST, DNS, API = "outside", "names", "API server:6443"
_LISTENS = 8080
_DNS_NAME = "kubernetes.default.svc.cluster.local"

_BASH = f"(timeout 2 getent hosts {_DNS_NAME} > /dev/null && echo names) &\n{BASH}"
_BUSYBOX = """
for to in "$@"; do (nc -w 2 "${to%%:*}" "${to##*:}" -e true 2> /dev/null && echo "$to") & done
(timeout 2 nslookup NAME > /dev/null 2>&1 && echo names) &
wait
""".replace("NAME", _DNS_NAME)


@dataclass(frozen=True, slots=True)
class Source:
    """A pod that tries to connect; `who` is the service that it is, or stands in for."""

    who: str
    namespace: str
    pod: str
    script: str = _BASH
    own: str = ""
    """Where its own pod listens: a stand-in listens nowhere."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """All pods that try, all addresses that are tried by the name of what is there, and all NodePorts."""

    kube: Kube
    sources: tuple[Source, ...]
    places: dict[str, str]
    node_ports: dict[str, tuple[str, int]]

    def observed(self) -> set[Entry]:
        """Every connection that is open now."""
        with ThreadPoolExecutor(len(self.sources)) as pool:
            found = list(pool.map(self._from, self.sources))
        return {entry for entries in found for entry in entries} | self._outside()

    def _from(self, source: Source) -> set[Entry]:
        # A pod may always reach itself, whatever the policies say.
        own = source.own
        names = {address: place for place, address in self.places.items() if place.partition(":")[0] != own}
        kube = Kube(self.kube.status, source.namespace)
        done = kube.run("exec", source.pod, "--", "sh", "-c", source.script, "probe", *names)
        return {(source.who, names.get(line, line)) for line in done.stdout.split()}

    def _outside(self) -> set[Entry]:
        found = set()
        for place, (address, port) in self.node_ports.items():
            try:
                socket.create_connection((address, port), timeout=2).close()
            except OSError:
                continue
            found.add((HOST, place))
        return found


def expected(services: list[Service], bystanders: list[str]) -> set[Entry]:
    """What the folders declare: the edges, the ways in from outside (no pod is outside), and names for everyone."""
    running = {s.name for s in services}
    found = declared(services)
    found |= {(HOST, f"{s.name}:{p.inside}") for s in services for p in s.ports}
    return found | {(who, DNS) for who in (*running, *bystanders, OUTSIDER)} | {(OUTSIDER, API)}


@contextmanager
def probes(kube: Kube, services: list[Service]) -> Iterator[Matrix]:
    """Pods that stand in for jobs and for second pods of a service, a bystander in each namespace, and one outsider."""
    cluster = _look(kube)
    namespaces = sorted({w.namespace for w in cluster.workloads})
    made: list[tuple[str, str]] = []
    quotas = {ns: Kube(kube.status, ns).get("resourcequota", "datameesh")["spec"]["hard"] for ns in namespaces}
    kube.run("create", "namespace", OUTSIDER)
    try:
        sources = [_source(cluster, s) for s in services if s.kind != "job"]
        clones = [s for s in services if s.kind == "job" or any(e.service == s.name for e in s.consumes)]
        for service in clones:
            workload = cluster.workload(service.name)
            assert workload
            _create(kube, _clone(workload), made)
            sources.append(Source(service.name, workload.namespace, f"{service.name}-probe"))
        for ns in namespaces:
            _make_room(kube, ns, quotas[ns])
            _create(kube, _bystander(ns, cluster), made)
            sources.append(Source(f"{BYSTANDER}@{ns}", ns, BYSTANDER, _BUSYBOX, f"{BYSTANDER}@{ns}"))
        _create(kube, _outsider(), made)
        sources.append(Source(OUTSIDER, OUTSIDER, BYSTANDER, _BUSYBOX))
        for ns, name in made:
            assert until(lambda ns=ns, name=name: _phase(kube, ns, name) == "Running"), f"{ns}/{name} does not run"
        ports = {f"{w.service}:{w.inside}": (cluster.address, w.node_port) for w in cluster.ways_in}
        yield Matrix(kube, tuple(sources), _places(kube, cluster, services, namespaces), ports)
    finally:
        for ns, name in made:
            Kube(kube.status, ns).run(
                "delete", "pod", name, "--grace-period=0", "--force", "--ignore-not-found", check=False
            )
        for ns, hard in quotas.items():
            _set_quota(kube, ns, hard)
        kube.run("delete", "namespace", OUTSIDER, "--wait=false", check=False)


def _look(kube: Kube) -> AppliedExport:
    words = (
        "get",
        "pods,services,deployments,statefulsets,jobs",
        "-A",
        "-l",
        "app.kubernetes.io/part-of=datameesh",
        "-o",
        "json",
    )
    objects = json.loads(kube.run(*words).stdout)["items"]
    return cluster_from(objects, json.loads(kube.run("get", "nodes", "-o", "json").stdout)["items"])


def _source(cluster: AppliedExport, service: Service) -> Source:
    pod = cluster.pod(service.name)
    assert pod, f"{service.name} does not run"
    return Source(service.name, pod.namespace, pod.name, own=service.name)


def _clone(workload: Workload) -> dict[str, Any]:
    """A pod with everything of the service's but its program; it never becomes ready, so no Service leads to it."""
    body = job_pod(workload, f"{workload.service}-probe", [], ["sleep", "3600"])
    inner = body["spec"]["containers"][0]
    for probe in ("livenessProbe", "startupProbe"):
        inner.pop(probe, None)
    body["spec"].pop("initContainers", None)
    if "affinity" in body["spec"]:
        # Pods of one service keep apart where they can; on one node they cannot.
        del body["spec"]["affinity"]
    return body


def _bystander(namespace: str, cluster: AppliedExport) -> dict[str, Any]:
    own = next(w for w in cluster.workloads if w.namespace == namespace)
    memory = f"{min(w.limit for w in cluster.workloads if w.namespace == namespace)}Mi"
    body = _outsider()
    body["metadata"]["namespace"] = namespace
    body["spec"]["priorityClassName"] = own.body["spec"]["template"]["spec"]["priorityClassName"]
    body["spec"]["automountServiceAccountToken"] = False
    body["spec"]["containers"][0]["resources"] = {
        "limits": {"memory": memory},
        "requests": {"memory": memory, "cpu": "5m"},
    }
    return body


def _outsider() -> dict[str, Any]:
    security = RESTRICTED | {"runAsUser": 10999}
    inner = {"name": "c", "image": BUSYBOX, "imagePullPolicy": "IfNotPresent", "securityContext": security}
    inner["command"] = ["httpd", "-f", "-p", str(_LISTENS), "-h", "/tmp"]
    spec = {"containers": [inner], "terminationGracePeriodSeconds": 0}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": BYSTANDER, "namespace": OUTSIDER}, "spec": spec}


def _create(kube: Kube, body: dict[str, Any], made: list[tuple[str, str]]) -> None:
    namespace = body["metadata"]["namespace"]
    made.append((namespace, body["metadata"]["name"]))
    Kube(kube.status, namespace).run("create", "-f", "-", stdin=json.dumps(body))


def _phase(kube: Kube, namespace: str, pod: str) -> str:
    return str(Kube(kube.status, namespace).get("pod", pod)["status"].get("phase"))


def _make_room(kube: Kube, namespace: str, hard: dict[str, str]) -> None:
    """The quota is exactly the sum of the services, so the bystander would be one too many."""
    _set_quota(
        kube, namespace, hard | dict.fromkeys(("limits.memory", "requests.memory"), "16Gi") | {"requests.cpu": "4"}
    )


def _set_quota(kube: Kube, namespace: str, hard: dict[str, str]) -> None:
    patch = json.dumps({"spec": {"hard": hard}})
    Kube(kube.status, namespace).run("patch", "resourcequota", "datameesh", "--type=merge", "-p", patch)


def _places(kube: Kube, cluster: AppliedExport, services: list[Service], namespaces: list[str]) -> dict[str, str]:
    """Everything that listens, by name -> address:port. Services by their ClusterIP, as their clients see them."""
    places = {}
    for service in services:
        workload = cluster.workload(service.name)
        if service.kind == "job" or not workload:
            continue
        address = Kube(kube.status, workload.namespace).get("service", service.name)["spec"]["clusterIP"]
        places |= {f"{service.name}:{port}": f"{address}:{port}" for port in service.listens}
    for ns in namespaces:
        address = Kube(kube.status, ns).get("pod", BYSTANDER)["status"]["podIP"]
        places[f"{BYSTANDER}@{ns}:{_LISTENS}"] = f"{address}:{_LISTENS}"
    places[API] = f"{cluster.address}:6443"
    return places
