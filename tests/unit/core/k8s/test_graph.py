"""Deliberately broken exports: each is a mutation of a good one, and each is rejected by the rung that is named.

The first five are what kompose's own output would be without the repairs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from datameesh_cli.adapters import kubernetes_schema
from datameesh_cli.core.k8s.graph import graph_problems
from datameesh_cli.core.k8s.objects import Object, Objects, container, pod
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.core.k8s.source import File
from tests.unit.core.k8s.example import FILES, draft, example

SOURCE = example()
GOOD = passes(draft(SOURCE), SOURCE)
RUNGS: dict[str, Callable[[Objects], list[str]]] = {"schema": kubernetes_schema.problems, "graph": graph_problems}


def _get(objects: list[Object], kind: str, name: str, namespace: str = "") -> Object:
    named = [o for o in objects if (o["kind"], o["metadata"]["name"]) == (kind, name)]
    return next(o for o in named if namespace in ("", o["metadata"].get("namespace")))


def _published_port(objects: list[Object]) -> None:
    _get(objects, "Service", "web")["spec"]["ports"][0]["port"] = 30081


def _undeclared_mount(objects: list[Object]) -> None:
    pod(_get(objects, "Deployment", "web"))["volumes"].pop(0)


def _lost_sub_folder(objects: list[Object]) -> None:
    del _get(objects, "ConfigMap", "site")["binaryData"]


def _secret_in_clear(objects: list[Object]) -> None:
    secret = {"name": "db-password", "namespace": "sales-domain"}
    objects.append({"apiVersion": "v1", "kind": "Secret", "metadata": secret, "data": {"db-password": "eA=="}})


def _not_headless(objects: list[Object]) -> None:
    _get(objects, "Service", "db-headless")["spec"].pop("clusterIP")


def _misspelled_field(objects: list[Object]) -> None:
    container(_get(objects, "Deployment", "web"))["readynessProbe"] = {}


def _number_as_text(objects: list[Object]) -> None:
    _get(objects, "Deployment", "web")["spec"]["minReadySeconds"] = "5"


def _unknown_kind(objects: list[Object]) -> None:
    _get(objects, "PodDisruptionBudget", "web")["apiVersion"] = "policy/v1beta1"


def _selector(objects: list[Object]) -> None:
    _get(objects, "Deployment", "web")["spec"]["selector"]["matchLabels"] = {"app.kubernetes.io/name": "wep"}


def _service_without_pods(objects: list[Object]) -> None:
    _get(objects, "Service", "web")["spec"]["selector"] = {"app.kubernetes.io/name": "wep"}


def _target_port(objects: list[Object]) -> None:
    _get(objects, "Service", "web")["spec"]["ports"][0]["targetPort"] = 5009


def _same_node_port(objects: list[Object]) -> None:
    service = copy.deepcopy(_get(objects, "Service", "web"))
    service["metadata"]["name"] = "web-again"
    objects.append(service)


def _node_port_80(objects: list[Object]) -> None:
    _get(objects, "Service", "web")["spec"]["ports"][0]["nodePort"] = 80


def _twice(objects: list[Object]) -> None:
    objects.append(_get(objects, "ConfigMap", "site"))


def _no_alias(objects: list[Object]) -> None:
    objects.remove(_get(objects, "Service", "postgres", "data-platform"))


def _alias_to_nowhere(objects: list[Object]) -> None:
    _get(objects, "Service", "postgres", "data-platform")["spec"]["externalName"] = "nix.sales-domain.svc.cluster.local"


def _way_out_is_missing(objects: list[Object]) -> None:
    objects.remove(_get(objects, "NetworkPolicy", "web-to-db-5432-out"))


def _way_in_is_missing(objects: list[Object]) -> None:
    objects.remove(_get(objects, "NetworkPolicy", "web-to-db-5432-in"))


def _way_in_of_another_namespace(objects: list[Object]) -> None:
    policy = _get(objects, "NetworkPolicy", "web-to-db-5432-in")
    policy["spec"]["ingress"][0]["from"][0]["namespaceSelector"]["matchLabels"] = {"kubernetes.io/metadata.name": "x"}


def _wrong_port_in_environment(objects: list[Object]) -> None:
    container(_get(objects, "Job", "nightly"))["env"][0]["value"] = "http://web:5002/"


def _wrong_name_in_environment(objects: list[Object]) -> None:
    container(_get(objects, "Job", "nightly"))["env"][0]["value"] = "http://wep.data-platform.svc.cluster.local:5000/"


def _policy_for_nobody(objects: list[Object]) -> None:
    policy = _get(objects, "NetworkPolicy", "outside-to-web-5000")
    policy["spec"]["podSelector"]["matchLabels"] = {"app.kubernetes.io/name": "wep"}


def _quota_too_small(objects: list[Object]) -> None:
    _get(objects, "ResourceQuota", "datameesh", "data-platform")["spec"]["hard"]["limits.memory"] = "100Mi"


def _quota_of_node_ports(objects: list[Object]) -> None:
    _get(objects, "ResourceQuota", "datameesh", "sales-domain")["spec"]["hard"]["services.nodeports"] = "1"


def _quota_of_claims(objects: list[Object]) -> None:
    _get(objects, "ResourceQuota", "datameesh", "sales-domain")["spec"]["hard"]["persistentvolumeclaims"] = "0"


def _replicas_beside_the_autoscaler(objects: list[Object]) -> None:
    _get(objects, "Deployment", "web")["spec"]["replicas"] = 2


def _autoscaler_of_nothing(objects: list[Object]) -> None:
    _get(objects, "HorizontalPodAutoscaler", "web")["spec"]["scaleTargetRef"]["name"] = "wep"


def _root(objects: list[Object]) -> None:
    pod(_get(objects, "Deployment", "web"))["securityContext"]["runAsUser"] = 0


def _no_limit(objects: list[Object]) -> None:
    container(_get(objects, "Deployment", "web"))["resources"] = {}


def _no_account(objects: list[Object]) -> None:
    objects.remove(_get(objects, "ServiceAccount", "web"))


def _no_priority_class(objects: list[Object]) -> None:
    objects.remove(_get(objects, "PriorityClass", "datameesh-storage"))


def _no_namespace(objects: list[Object]) -> None:
    objects.remove(_get(objects, "Namespace", "sales-domain"))


BROKEN: list[tuple[str, Callable[[list[Object]], None], str]] = [
    ("graph", _published_port, "speaks of web:5000: Service web has no port 5000"),
    ("graph", _undeclared_mount, "it mounts the volume 'mem-tmp', which is not declared"),
    ("graph", _lost_sub_folder, "the key 'img..logo.bin' of ConfigMap site is not part of the export"),
    ("graph", _secret_in_clear, "the value of a secret is written"),
    ("graph", _not_headless, "there is no headless Service db-headless"),
    ("schema", _misspelled_field, "'readynessProbe' was unexpected"),
    ("schema", _number_as_text, "'5' is not of type"),
    ("schema", _unknown_kind, "has no policy/v1beta1 PodDisruptionBudget"),
    ("graph", _selector, "its selector does not match its own pods"),
    ("graph", _service_without_pods, "Service data-platform/web: it selects no pod"),
    ("graph", _target_port, "no container listens on 5009"),
    ("graph", _same_node_port, "NodePort 30081 belongs to Service data-platform/web"),
    ("graph", _node_port_80, "80 is no NodePort"),
    ("graph", _twice, "ConfigMap data-platform/site is there 2 times"),
    ("graph", _no_alias, "environment DB_HOST speaks of postgres:5432: there is no such Service in this namespace"),
    ("graph", _alias_to_nowhere, "its alias leads to nix.sales-domain.svc.cluster.local, which is not there"),
    ("graph", _way_out_is_missing, 'no pair of policies lets it through; declare it: consumes: ["db:5432"]'),
    ("graph", _way_in_is_missing, "no pair of policies lets it through"),
    ("graph", _way_in_of_another_namespace, "no pair of policies lets it through"),
    ("graph", _wrong_port_in_environment, "environment WEB speaks of web:5002: Service web has no port 5002"),
    ("graph", _wrong_name_in_environment, "there is no such Service"),
    ("graph", _policy_for_nobody, "NetworkPolicy data-platform/outside-to-web-5000: it selects no pod"),
    ("graph", _quota_too_small, "limits.memory 100Mi, the pods need 352Mi"),
    ("graph", _quota_of_node_ports, "services.nodeports 1, the Services have 0"),
    ("graph", _quota_of_claims, "persistentvolumeclaims 0, the pods need 1"),
    ("graph", _replicas_beside_the_autoscaler, "also says its replicas"),
    ("graph", _autoscaler_of_nothing, "there is no Deployment wep"),
    ("graph", _root, "it may run as root"),
    ("graph", _no_limit, "container web has no memory limit, or another request"),
    ("graph", _no_account, "its ServiceAccount is not part of the export"),
    ("graph", _no_priority_class, "its priority class is not part of the export"),
    ("graph", _no_namespace, "its namespace is not part of the export"),
]


@pytest.mark.parametrize("rung", RUNGS)
def test_a_good_export_passes(rung: str) -> None:
    assert RUNGS[rung](GOOD) == []


@pytest.mark.parametrize(("rung", "breaks", "says"), BROKEN, ids=[b.__name__.strip("_") for _, b, _ in BROKEN])
def test_a_broken_export_is_rejected(rung: str, breaks: Callable[[list[Object]], None], says: str) -> None:
    objects = list(copy.deepcopy(GOOD))
    breaks(objects)
    assert [p for p in RUNGS[rung](tuple(objects)) if says in p], RUNGS[rung](tuple(objects))


@pytest.mark.parametrize(
    "name",
    sorted(o["metadata"]["name"] for o in GOOD if o["kind"] == "NetworkPolicy" and "-to-db" in o["metadata"]["name"]),
)
def test_no_policy_of_an_edge_that_is_used_is_dead(name: str) -> None:
    assert graph_problems(tuple(o for o in GOOD if o["metadata"]["name"] != name))


def test_a_comment_opens_no_connection_and_a_text_does() -> None:
    """The example's init.sql speaks of a service that is not there, in a comment."""
    real: Any = {"db-init": (File("", b"SELECT dblink('nowhere.sales-domain.svc.cluster.local:11');\n"),)}
    source = example(files={**FILES, **real})
    (problem,) = graph_problems(passes(draft(source), source))
    assert "config db-init speaks of nowhere.sales-domain.svc.cluster.local:11: there is no such Service" in problem
