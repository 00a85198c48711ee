"""The export on a real cluster: the one suite passes there, it shows what Compose shows, and it refuses what it should."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from datameesh_cli.core.memory import mib
from tests.cluster.kube import RESTRICTED, Kube, until
from tests.cluster.mesh import CONTEXT, RAM, Mesh
from tests.cluster.node.layout import POD_RANGE
from tests.integration.long_join import ANSWER, LONG, ON_THE_WORKER

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]

ON = ("--on", "k8s", "--context", CONTEXT)
WITH_A_WORKER = "only where the plan leaves trino-worker out"
"""Why a check of the smallest plan does not apply within RAM."""
IN_ACADEMIC = "only in mode academic"


@pytest.fixture(scope="module")
def seeded(mesh: Mesh) -> Mesh:
    mesh.dm("seed", "--set", "journey", *ON)
    mesh.dm("dbt", "build", *ON)
    return mesh


def test_the_suite_that_compose_has_passes_on_the_cluster(seeded: Mesh) -> None:
    verified = seeded.json("verify", *ON)
    assert [(r["name"], r["why"]) for r in verified["results"] if r["result"] == "failed"] == []
    reasons = {r["why"] for r in verified["results"] if r["result"] == "not applicable"}
    assert {reason for reason in reasons if not reason.startswith("needs data set")} <= {
        "only on compose",
        WITH_A_WORKER,
        IN_ACADEMIC,
    }
    assert verified["passed"] > 100
    saved = seeded.stack.adapters.state.read_json("verify-k8s.json")
    assert {entry["target"] for entry in saved.values()} == {"kubernetes"}
    assert seeded.stack.adapters.state.read_json("verify.json") is None


@pytest.mark.row("S-API-02/K", "S-SVC-14/K")
def test_two_pods_of_each_api_are_ready(mesh: Mesh) -> None:
    for domain in ("sales", "marketing"):
        kube = Kube(mesh.kube.status, f"{domain}-domain")
        assert until(
            lambda kube=kube, name=f"{domain}-api": kube.get("deployment", name)["status"].get("readyReplicas") == 2, 60
        )
        selected = kube.get("service", f"{domain}-api")["spec"]["selector"]
        assert selected == kube.get("deployment", f"{domain}-api")["spec"]["selector"]["matchLabels"]


def test_both_targets_show_the_same_but_for_what_is_declared(seeded: Mesh) -> None:
    seeded.stack.dm("up", "--profile", "analytics", "--ram", RAM)
    seeded.stack.dm("seed", "--set", "journey")
    seeded.stack.dm("dbt", "build")
    compared = seeded.json("k8s", "parity", "--context", CONTEXT)
    parity = compared["parity"]
    assert [d for d in parity["differences"] if not d["because"]] == []
    assert parity["outdated"] == []
    assert {why for why in parity["unasked"] if not why.startswith("needs data set")} <= {WITH_A_WORKER, IN_ACADEMIC}
    # Each kind of fact was observed at all.
    groups = (
        "check",
        "config",
        "denial",
        "environment",
        "file",
        "http",
        "image",
        "image-id",
        "memory",
        "raw",
        "schema",
        "security",
        "seed",
        "user",
    )
    assert {g for g in groups if parity["same"].get(g, 0) < 3} == set()

    # And it sees one right more, and one row that reads otherwise.
    database = Kube(seeded.kube.status, "sales-domain")
    person, product = "ON orders {} ingest", "UPDATE products SET product_name = {} WHERE product_id = 1"
    _psql(database, f"GRANT DELETE {person.format('TO')}; " + product.format("product_name || '!'"))
    try:
        done = seeded.dm("k8s", "parity", "--context", CONTEXT, "--output", "json", code=4)
    finally:
        _psql(database, f"REVOKE DELETE {person.format('FROM')}; " + product.format("rtrim(product_name, '!')"))
    undeclared = {d["fact"] for d in json.loads(done.stdout)["parity"]["differences"] if not d["because"]}
    assert "denial/sales-db ingest.DELETE public.orders" in undeclared
    assert "seed/sales-db public.products" in undeclared
    assert done.stderr.splitlines()[-2].startswith("error: ")


@pytest.mark.parametrize("how", ["drain", "delete"])
def test_a_worker_that_has_to_leave_finishes_its_part_of_a_long_query_first(mesh: Mesh, how: str) -> None:
    kube = Kube(mesh.kube.status, "data-platform")
    pod = "trino-worker-0"
    kube.pod_ready(pod)
    assert until(lambda: _sql(kube, "SELECT count(*) FROM system.runtime.nodes WHERE state = 'active'") >= "2", 60)
    node = kube.get("pod", pod)["spec"]["nodeName"]
    uid = kube.get("pod", pod)["metadata"]["uid"]
    query = subprocess.Popen(_sql_words(kube, LONG.format(seconds=30)), stdout=-1, stderr=-1, text=True)
    try:
        assert until(lambda: _sql(kube, ON_THE_WORKER) not in ("", "0"), 60), "the worker never had a part of it"
        assert query.poll() is None, "the statement was over before the worker had to leave"
        if how == "drain":
            only = ("--pod-selector", "app.kubernetes.io/name=trino-worker")
            kube.run("drain", node, *only, "--delete-emptydir-data", "--ignore-daemonsets", "--timeout=110s")
        else:
            kube.run("delete", "pod", pod, "--wait=true", "--timeout=110s")
        out, err = query.communicate(timeout=60)
    finally:
        query.kill()
        kube.run("uncordon", node)
    assert (query.returncode, out.strip()) == (0, ANSWER), err
    assert until(lambda: _uid(kube, pod) not in ("", uid), 60), "no new worker was made"
    kube.run("wait", "--for=condition=Ready", f"pod/{pod}", "--timeout=110s")


def _sql_words(kube: Kube, statement: str) -> list[str]:
    client = ["trino", "--output-format", "CSV_UNQUOTED", "--execute", statement]
    reached = [kube.status["kubectl"], "--kubeconfig", kube.status["kubeconfig"], "--namespace", kube.namespace]
    return [*reached, "exec", "trino-coordinator-0", "--", *client]


def _sql(kube: Kube, statement: str) -> str:
    return subprocess.run(_sql_words(kube, statement), text=True, capture_output=True, timeout=60).stdout.strip()


def _uid(kube: Kube, pod: str) -> str:
    return kube.run("get", "pod", pod, "-o", "jsonpath={.metadata.uid}", "--ignore-not-found").stdout.strip()


def _pod(namespace: str, memory: str) -> dict[str, Any]:
    """A pod of postgres as the export would make it, but for what the test changes."""
    security = RESTRICTED | {"runAsUser": 999}
    inner: dict[str, Any] = {
        "name": "c",
        "image": "datameesh/postgres:17",
        "securityContext": security,
        "resources": {"limits": {"memory": memory}, "requests": {"memory": memory, "cpu": "1m"}},
    }
    spec = {"containers": [inner], "automountServiceAccountToken": False}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one-more", "namespace": namespace}, "spec": spec}


def _psql(database: Kube, statements: str) -> None:
    database.run("exec", "sales-db-0", "--", "psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", statements)


def test_an_export_keeps_its_secrets_and_replaces_none_unasked(mesh: Mesh) -> None:
    """The stack of the same name has new ones after `down --volumes`; the cluster's stay, and one that differs is not replaced."""
    name = "trino-internal-secret"
    kube = Kube(mesh.kube.status, "data-platform")

    def held() -> str:
        return str(kube.get("secret", name)["data"][name])

    before = held()
    mesh.stack.dm("down", "--volumes", "--yes")
    mesh.stack.adapters.state.keep_secrets({name: "of-the-stack-here"})
    mesh.apply()
    assert held() == before
    kube.run("patch", "secret", name, "--type=merge", "-p", json.dumps({"stringData": {name: "of-somebody-else"}}))
    theirs = held()
    asked = ("k8s-export", "--profile", "analytics", "--ram", RAM, "--out", str(mesh.out), "--pod-network", POD_RANGE)
    try:
        refused = mesh.dm(*asked, "--apply", "--context", CONTEXT, code=2).stderr
        assert "have another value: data-platform/trino-internal-secret" in refused
        assert held() == theirs
    finally:
        mesh.dm(*asked, "--apply", "--context", CONTEXT, "--replace-secrets")
    assert held() == before


@pytest.mark.row("S-SEC-67/K")
def test_a_container_that_runs_as_root_is_refused_in_every_namespace(mesh: Mesh) -> None:
    for namespace in mesh.namespaces:
        kube = Kube(mesh.kube.status, namespace)
        body = _pod(namespace, _container_limit(kube, "min"))
        body["spec"]["containers"][0]["securityContext"] |= {"runAsNonRoot": False, "runAsUser": 0}
        assert 'violates PodSecurity "restricted' in kube.refusal(body)


def test_an_image_that_runs_as_root_does_not_start(mesh: Mesh) -> None:
    """The server does not look into images; the node does."""
    kube = Kube(mesh.kube.status, "data-platform")
    body = _pod("data-platform", _container_limit(kube, "min"))
    inner = body["spec"]["containers"][0]
    inner["image"] = "datameesh/base:13"
    del inner["securityContext"]["runAsUser"]
    kube.run("create", "-f", "-", stdin=json.dumps(body))
    try:
        said = until(lambda: _waits_for(kube, "one-more"), 60)
        assert "image will run as root" in said, said
    finally:
        kube.run("delete", "pod", "one-more", "--grace-period=0", "--force")


@pytest.mark.row("S-OPS-35/K")
def test_a_pod_over_the_quota_is_refused_in_every_namespace(mesh: Mesh) -> None:
    for namespace in mesh.namespaces:
        kube = Kube(mesh.kube.status, namespace)
        largest = _container_limit(kube, "max")
        quota = kube.get("resourcequota", "datameesh")
        free = mib(quota["spec"]["hard"]["limits.memory"]) - mib(quota["status"]["used"]["limits.memory"])
        body = _pod(namespace, largest)
        (inner,) = body["spec"]["containers"]
        # Containers as large as there may be, one more than fit.
        body["spec"]["containers"] = [inner | {"name": f"c{n}"} for n in range(int(free // mib(largest)) + 1)]
        assert "exceeded quota: datameesh" in kube.refusal(body)


def _container_limit(kube: Kube, which: str) -> str:
    limits = kube.get("limitrange", "datameesh")["spec"]["limits"]
    return str(next(each[which]["memory"] for each in limits if each["type"] == "Container"))


def _waits_for(kube: Kube, pod: str) -> str:
    """Why a pod does not start, as soon as somebody says so."""
    statuses = kube.get("pod", pod)["status"].get("containerStatuses") or ()
    return " ".join(s["state"].get("waiting", {}).get("message", "") for s in statuses)
