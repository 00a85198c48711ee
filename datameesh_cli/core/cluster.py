"""What runs on a cluster, read from what its API server says: pods, workloads, ways in; and the plan that follows from it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datameesh_cli.core.k8s.objects import NAME, WORKLOADS, container
from datameesh_cli.core.k8s.passes.containers import IMAGE_ID
from datameesh_cli.core.k8s.source import CLUSTER
from datameesh_cli.core.memory import mib
from datameesh_cli.core.model import Model, Service
from datameesh_cli.core.ram_plan import MemoryShare, RamPlan

PART_OF = "app.kubernetes.io/part-of=datameesh"
"""The label that every object of an export has."""


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod of a service that is not on its way out. `image_id`: the image of its container, as the node's runtime calls it."""

    name: str
    namespace: str
    service: str
    ready: bool
    image_id: str = ""


@dataclass(frozen=True, slots=True)
class Workload:
    """What makes a service's pods: how many it is asked for (0 for a job), and the object itself."""

    service: str
    namespace: str
    kind: str
    replicas: int
    body: Mapping[str, Any]

    @property
    def limit(self) -> int:
        """The memory limit of one container in MiB."""
        return int(mib(str(container(dict(self.body))["resources"]["limits"]["memory"])))

    @property
    def annotations(self) -> Mapping[str, str]:
        """The annotations of its pods."""
        return dict(self.body["spec"]["template"]["metadata"].get("annotations") or {})


@dataclass(frozen=True, slots=True)
class WayIn:
    """A NodePort: whose it is, the port inside, and the port on every node."""

    service: str
    inside: int
    node_port: int


@dataclass(frozen=True, slots=True)
class AppliedExport:
    """An applied export as the API server knows it, and the address at which a node's ports are reached.

    `elsewhere` are the services that its target takes from outside, with their hosts.
    """

    address: str
    pods: tuple[Pod, ...]
    workloads: tuple[Workload, ...]
    ways_in: tuple[WayIn, ...]
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    @property
    def running(self) -> frozenset[str]:
        """The services with a pod that is ready."""
        return frozenset(p.service for p in self.pods if p.ready)

    def workload(self, service: str) -> Workload | None:
        """Given a service, return what makes its pods, or None."""
        return next((w for w in self.workloads if w.service == service), None)

    def pod(self, service: str) -> Pod | None:
        """Given a service, return a pod of it, one that is ready if there is one, or None."""
        mine = sorted((p for p in self.pods if p.service == service), key=lambda p: (not p.ready, p.name))
        return mine[0] if mine else None

    def ports(self, services: Iterable[Service]) -> dict[str, int]:
        """Given services of the model, return the NodePort behind each of their port variables, as far as there is one."""
        known = {(w.service, w.inside): w.node_port for w in self.ways_in}
        return {p.variable: known[s.name, p.inside] for s in services for p in s.ports if (s.name, p.inside) in known}


def cluster_from(objects: Sequence[Mapping[str, Any]], nodes: Sequence[Mapping[str, Any]]) -> AppliedExport:
    """Given the objects of an export and the nodes as `kubectl get -o json` lists them, return what runs."""
    return AppliedExport(
        address=_address(nodes),
        pods=tuple(_pod(o) for o in objects if o["kind"] == "Pod" and _stays(o)),
        workloads=tuple(_workload(o) for o in objects if o["kind"] in WORKLOADS),
        ways_in=tuple(w for o in objects if o["kind"] == "Service" for w in _ways_in(o)),
        elsewhere=dict(pair for o in objects if o["kind"] == "Service" for pair in _elsewhere(o)),
    )


def plan_of(cluster: AppliedExport, model: Model) -> tuple[tuple[Service, ...], RamPlan]:
    """Given what runs and the model, return the services of the profiles that are there, and the plan that the cluster carries out.

    A service of such a profile without a workload is left out. What the model does not know is not looked at.
    """
    there = {w.service for w in cluster.workloads}
    away = {name: f"it is taken from {host}" for name, host in cluster.elsewhere.items()}
    profiles = model.closure(sorted({s.profile for s in model.services if s.name in there}))
    services = model.of_profiles(profiles)
    shares = [_share(w) for s in services if (w := cluster.workload(s.name))]
    left_out = {s.name: away.get(s.name, "it was not exported") for s in services if s.name not in there}
    budget = sum(share.limit * share.replicas for share in shares)
    return services, RamPlan(budget, profiles, tuple(shares), left_out)


def job_pod(job: Workload, name: str, args: Sequence[str], command: Sequence[str] = ()) -> dict[str, Any]:
    """Given a job, return a pod made from its template that runs these arguments once; `command` replaces the image's own.

    The labels of the template stay: by them the job's policies hold for the pod too.
    """
    template = copy.deepcopy(dict(job.body["spec"]["template"]))
    spec = template["spec"]
    spec["containers"][0]["args"] = list(args)
    if command:
        spec["containers"][0]["command"] = list(command)
    spec["restartPolicy"] = "Never"
    labels = {k: v for k, v in template["metadata"]["labels"].items() if "batch.kubernetes.io" not in k}
    for key in ("controller-uid", "job-name"):
        labels.pop(key, None)
    metadata = {"name": name, "namespace": job.namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def ended(pod_object: Mapping[str, Any]) -> int | None:
    """Given a pod with one container, return the container's exit code, or None while it has not ended."""
    for status in pod_object.get("status", {}).get("containerStatuses") or ():
        if done := status.get("state", {}).get("terminated"):
            return int(done["exitCode"])
    return None


def stuck(pod_object: Mapping[str, Any]) -> str:
    """Given a pod, return why it cannot start ("" if it still may), such as an image that the node does not have."""
    for status in pod_object.get("status", {}).get("containerStatuses") or ():
        waiting = status.get("state", {}).get("waiting") or {}
        if waiting.get("reason", "ContainerCreating") not in ("ContainerCreating", "PodInitializing"):
            return f"{waiting['reason']}: {waiting.get('message', '')}".strip(": ")
    for condition in pod_object.get("status", {}).get("conditions") or ():
        if condition.get("reason") == "Unschedulable":
            return str(condition.get("message") or "no node takes it")
    return ""


def _address(nodes: Sequence[Mapping[str, Any]]) -> str:
    """Where NodePorts answer: the first node's outside address, else its inside one."""
    for kind in ("ExternalIP", "InternalIP"):
        for node in nodes:
            for address in node.get("status", {}).get("addresses") or ():
                if address["type"] == kind:
                    return str(address["address"])
    return ""


def _label(o: Mapping[str, Any]) -> str:
    return str((o["metadata"].get("labels") or {}).get(NAME, ""))


def _stays(o: Mapping[str, Any]) -> bool:
    return o.get("status", {}).get("phase") == "Running" and "deletionTimestamp" not in o["metadata"]


def _pod(o: Mapping[str, Any]) -> Pod:
    meta = o["metadata"]
    conditions = {c["type"]: c["status"] for c in o["status"].get("conditions") or ()}
    image = next((str(s.get("imageID") or "") for s in o["status"].get("containerStatuses") or ()), "").rpartition(
        "://"
    )[2]
    return Pod(meta["name"], meta["namespace"], _label(o), conditions.get("Ready") == "True", image)


def _workload(o: Mapping[str, Any]) -> Workload:
    replicas = 0 if o["kind"] == "Job" else int(o["spec"].get("replicas", 1))
    return Workload(_label(o), str(o["metadata"]["namespace"]), str(o["kind"]), replicas, o)


def _ways_in(o: Mapping[str, Any]) -> list[WayIn]:
    service = str((o["spec"].get("selector") or {}).get(NAME, ""))
    ports = o["spec"].get("ports") or ()
    return [WayIn(service, int(p["targetPort"]), int(p["nodePort"])) for p in ports if p.get("nodePort")]


def _elsewhere(o: Mapping[str, Any]) -> list[tuple[str, str]]:
    """An alias that leads out of the cluster; every other one leads to a Service."""
    host = str(o["spec"].get("externalName") or "")
    return [(str(o["metadata"]["name"]), host)] if host and not host.endswith(f".{CLUSTER}") else []


def _share(workload: Workload) -> MemoryShare:
    # A job has a share of its own even while no pod of it runs.
    replicas = 1 if workload.kind == "Job" else workload.replicas
    return MemoryShare(workload.service, workload.limit, replicas, None, {}, 0.0, "as it was applied")


def container_of(workload: Workload) -> Mapping[str, Any]:
    """Given a workload, return its one container as the cluster was told it."""
    return container(dict(workload.body))


def image_id_of(workload: Workload, pod: Pod | None, digests: Mapping[str, str]) -> str:
    """Given a workload, a pod of it and the ids of images by the digests of registries, return which image runs there.

    A runtime calls an image that was loaded by its id, and one that was pulled by the registry's digest. Where another one runs
    than was exported both are said; of a job, which has no pod that stays, the exported one.
    """
    exported = workload.annotations.get(IMAGE_ID, "none")
    if pod is None or not pod.image_id:
        return exported
    runs = digests.get(pod.image_id, pod.image_id)
    return runs if runs == exported else f"{runs}, exported as {exported}"
