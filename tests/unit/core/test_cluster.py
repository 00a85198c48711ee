"""What the API server says, as values."""

from __future__ import annotations

from typing import Any

import pytest

from datameesh_cli.core.cluster import cluster_from, container_of, ended, image_id_of, job_pod, plan_of, stuck
from datameesh_cli.core.k8s.passes.configs import HASH
from datameesh_cli.core.model import Port, Profile, model_of
from tests.fakes.cluster import a_node, a_pod, a_service, a_workload, an_alias, an_export
from tests.fakes.values import a_service as a_declared

NODES = [a_node(Hostname="node", InternalIP="10.111.0.2")]


def test_pods_workloads_and_ways_in_are_read() -> None:
    cluster = cluster_from(an_export(), NODES)
    assert cluster.address == "10.111.0.2"
    assert cluster.running == {"sales-db", "minio"}
    assert [(w.service, w.kind, w.replicas, w.limit) for w in cluster.workloads] == [
        ("sales-db", "StatefulSet", 1, 88),
        ("minio", "StatefulSet", 1, 136),
        ("dbt", "Job", 0, 168),
    ]
    assert [(w.service, w.inside, w.node_port) for w in cluster.ways_in] == [
        ("minio", 9000, 30900),
        ("minio", 9001, 30901),
    ]
    minio = cluster.workload("minio")
    assert minio
    assert (minio.annotations[HASH], container_of(minio)["image"]) == ("hash-of-minio", "datameesh/minio:1")


def test_nodes_are_reached_from_outside_at_their_outside_address_if_they_have_one() -> None:
    nodes = [a_node(InternalIP="10.0.0.1"), a_node(InternalIP="10.0.0.2", ExternalIP="192.0.2.7")]
    assert cluster_from([], nodes).address == "192.0.2.7"
    assert cluster_from([], []).address == ""


def test_a_pod_that_has_ended_or_is_on_its_way_out_is_none() -> None:
    leaving = a_pod("minio", name="minio-1", deletionTimestamp="2026-01-01T00:00:00Z")
    objects = [a_pod("dbt", phase="Succeeded", ready=False), leaving, a_pod("hive", phase="Pending", ready=False)]
    assert cluster_from(objects, NODES).pods == ()


def test_a_pod_that_is_ready_comes_before_one_that_is_not() -> None:
    cluster = cluster_from([a_pod("minio", ready=False, name="minio-0"), a_pod("minio", name="minio-1")], NODES)
    found = cluster.pod("minio")
    assert found and found.name == "minio-1"
    only = cluster_from([a_pod("minio", ready=False)], NODES)
    assert only.running == frozenset()
    assert only.pod("minio")
    assert only.pod("nobody") is None


def test_ports_are_known_by_their_variables() -> None:
    services = [a_declared("minio", ports=(Port("API_PORT", 30900, 9000), Port("GONE_PORT", 30999, 9999)))]
    assert cluster_from(an_export(), NODES).ports(services) == {"API_PORT": 30900}


def test_the_plan_is_what_was_applied() -> None:
    services = [
        a_declared("sales-db", profile="core"),
        a_declared("minio", profile="analytics"),
        a_declared("trino-worker", profile="analytics"),
        a_declared("dbt", profile="analytics", kind="job"),
        a_declared("grafana", profile="monitoring"),
    ]
    profiles = [Profile("core", (), ""), Profile("analytics", ("core",), ""), Profile("monitoring", (), "")]
    found, plan = plan_of(cluster_from(an_export(), NODES), model_of(services, profiles))
    assert {s.name for s in found} == {"sales-db", "minio", "trino-worker", "dbt"}
    assert {s.service: (s.limit, s.replicas) for s in plan.shares} == {
        "sales-db": (88, 1),
        "minio": (136, 1),
        "dbt": (168, 1),
    }
    assert set(plan.left_out) == {"trino-worker"}
    assert plan.profiles == ("core", "analytics")


def test_what_is_taken_from_outside_is_left_out_of_the_plan_and_says_from_where() -> None:
    aliases = [an_alias("minio", "s3.example.org"), an_alias("sales-db", "sales-db.sales-domain.svc.cluster.local")]
    cluster = cluster_from([a_workload("trino"), *aliases], NODES)
    assert cluster.elsewhere == {"minio": "s3.example.org"}
    services = [a_declared(name, profile="analytics") for name in ("trino", "minio", "sales-db")]
    _, plan = plan_of(cluster, model_of(services, [Profile("analytics", (), "")]))
    assert plan.left_out == {"minio": "it is taken from s3.example.org", "sales-db": "it was not exported"}


def test_a_job_runs_once_with_its_own_arguments_under_the_policies_of_its_labels() -> None:
    job = cluster_from(an_export(), NODES).workload("dbt")
    assert job
    pod = job_pod(job, "dbt-1", ["test", "--select", "tag:seed"])
    assert pod["metadata"]["labels"] == {"app.kubernetes.io/name": "dbt", "app.kubernetes.io/part-of": "datameesh"}
    assert pod["metadata"]["namespace"] == "data-platform"
    (inner,) = pod["spec"]["containers"]
    assert inner["args"] == ["test", "--select", "tag:seed"]
    assert "command" not in inner
    assert pod["spec"]["restartPolicy"] == "Never"
    other = job_pod(job, "dbt-2", ["a"], ["sh", "-c", "x"])
    assert other["spec"]["containers"][0]["command"] == ["sh", "-c", "x"]
    assert container_of(job)["args"] == ["build"], "the template itself is not changed"


def _with(state: dict[str, Any]) -> dict[str, Any]:
    return {"status": {"containerStatuses": [{"state": state}]}}


def test_the_exit_code_is_that_of_the_container() -> None:
    assert ended(_with({"terminated": {"exitCode": 3}})) == 3
    assert ended(_with({"terminated": {"exitCode": 0}})) == 0
    assert ended(_with({"running": {}})) is None
    assert ended({"status": {}}) is None


@pytest.mark.parametrize(
    ("pod", "why"),
    [
        (_with({"waiting": {"reason": "ErrImageNeverPull", "message": "not there"}}), "ErrImageNeverPull: not there"),
        (_with({"waiting": {"reason": "ContainerCreating"}}), ""),
        (_with({"waiting": {}}), ""),
        ({"status": {"conditions": [{"reason": "Unschedulable", "message": "0/1 nodes"}]}}, "0/1 nodes"),
        ({}, ""),
    ],
)
def test_why_a_pod_does_not_start(pod: dict[str, Any], why: str) -> None:
    assert stuck(pod) == why


def test_an_alias_is_no_way_in() -> None:
    alias = {"kind": "Service", "metadata": {"name": "a", "namespace": "b"}, "spec": {"externalName": "x"}}
    inner = a_service("sales-db", [(5432, 0)])
    assert cluster_from([alias, inner, a_workload("minio")], NODES).ways_in == ()


ID, OTHER = ("sha256:" + letter * 64 for letter in "ab")
PULLED = "reg.example.org/datameesh/minio@" + OTHER


@pytest.mark.parametrize(
    ("says", "exported", "seen"),
    [
        (ID, ID, ID),
        ("docker://" + ID, ID, ID),
        ("docker-pullable://" + PULLED, ID, ID),
        (PULLED, ID, ID),
        (OTHER, ID, f"{OTHER}, exported as {ID}"),
        (ID, "", f"{ID}, exported as none"),
        ("", ID, ID),
    ],
)
def test_which_image_runs_is_what_the_node_says_and_what_was_exported_is_compared(
    says: str, exported: str, seen: str
) -> None:
    running, workload = a_pod("minio"), a_workload("minio", "StatefulSet")
    running["status"]["containerStatuses"] = [{"imageID": says}]
    workload["spec"]["template"]["metadata"]["annotations"] = {"datameesh.io/image-id": exported} if exported else {}
    cluster = cluster_from([running, workload], NODES)
    assert image_id_of(cluster.workloads[0], cluster.pod("minio"), {PULLED: ID}) == seen
    assert image_id_of(cluster.workloads[0], None, {}) == (exported or "none"), "a job has no pod that stays"
