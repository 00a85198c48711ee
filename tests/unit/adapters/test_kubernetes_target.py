"""The stack on a cluster as a target."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters import http
from datameesh_cli.adapters.cluster_access import ClusterAccess, chosen_context
from datameesh_cli.adapters.kubernetes_target import KubernetesTarget
from datameesh_cli.adapters.trino import Trino
from datameesh_cli.core.checks.psql import Psql
from datameesh_cli.core.expectation import Answer
from datameesh_cli.core.kind import Ended, Request, Trust
from datameesh_cli.errors import HostError, UnhealthyError, UserError
from tests.fakes.cluster import a_pod
from tests.fakes.kubectl import Kubectl


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kubectl:
    return Kubectl(tmp_path, monkeypatch)


def _target(**fields: Any) -> KubernetesTarget:
    access = ClusterAccess("here")
    cluster = access.look()
    defaults: dict[str, Any] = {"ports": {"API_PORT": 30900}, "consumers": {"sales-db": ["dbt", "minio"], "minio": []}}
    reached: dict[str, Any] = {
        "trino": Trino("10.111.0.2", 1),
        "store": None,
        "address": cluster.address,
        "trusted": {},
    }
    return KubernetesTarget(access=access, cluster=cluster, **(reached | defaults | fields))


def test_a_command_runs_in_the_services_own_pod_and_namespace(kubectl: Kubectl) -> None:
    kubectl.says((["exec"], ("out\n", "err\ncommand terminated with exit code 3\n", 1)))
    assert _target().run("sales-db", ["sh", "-c", "exit 3"]) == Ended(3, "out\n", "err\n")
    words = [
        "--context",
        "here",
        "exec",
        "-n",
        "sales-domain",
        "sales-db-0",
        "-c",
        "sales-db",
        "--",
        "sh",
        "-c",
        "exit 3",
    ]
    assert kubectl.asked[-1][0] == words


def test_what_kubectl_says_of_itself_is_not_the_commands(kubectl: Kubectl) -> None:
    noise = "E1121 07:31:53.258106   25302 websocket.go:297] Unknown stream id 1, discarding message\n"
    kubectl.says((["exec"], ("", f"{noise}ERROR:  permission denied\ncommand terminated with exit code 1\n", 1)))
    assert (
        Psql("sales-db", "sales_db", "DELETE FROM orders", "ingest").run(_target()).error == "ERROR: permission denied"
    )


def test_a_command_that_could_not_be_run_is_no_exit_code(kubectl: Kubectl) -> None:
    kubectl.says((["exec"], ("", "error: unable to upgrade connection: container not found\n", 1)))
    with pytest.raises(UnhealthyError, match="sales-domain/sales-db-0: error: unable to upgrade"):
        _target().run("sales-db", ["ls"])


def test_a_statement_gives_a_table(kubectl: Kubectl) -> None:
    kubectl.says((["psql"], ("id\n1\n", "", 0)))
    seen = Psql("sales-db", "sales_db", "SELECT 1 AS id", "admin").run(_target())
    assert (seen.columns, seen.rows) == (("id",), (("1",),))


def test_a_service_that_does_not_run_is_named(kubectl: Kubectl) -> None:
    target = _target()
    for ask in (lambda: target.run("hive", ["ls"]), lambda: target.published(["hive"])):
        with pytest.raises(UnhealthyError, match="hive does not run"):
            ask()


def test_a_port_inside_is_reached_by_the_way_that_kubectl_opens(kubectl: Kubectl) -> None:
    kubectl.says((["port-forward"], ("Forwarding from 127.0.0.1:40123 -> 5432\n", "", 0)))
    with _target().reach("sales-db", 5432) as endpoint:
        assert (endpoint.host, endpoint.port) == ("127.0.0.1", 40123)
    words = [
        "--context",
        "here",
        "port-forward",
        "--address",
        "127.0.0.1",
        "-n",
        "sales-domain",
        "pod/sales-db-0",
        ":5432",
    ]
    assert kubectl.asked[-1][0] == words


def test_a_way_that_kubectl_does_not_open_says_why(kubectl: Kubectl) -> None:
    kubectl.says((["port-forward"], ("", "error: unable to forward port because pod is not running\n", 1)))
    with (
        pytest.raises(UnhealthyError, match="port 5432 of sales-domain/sales-db-0: error: unable to forward port"),
        _target().reach("sales-db", 5432),
    ):
        pass


def test_a_job_runs_in_a_pod_of_its_template_that_is_removed_again(kubectl: Kubectl) -> None:
    done = {"status": {"phase": "Succeeded", "containerStatuses": [{"state": {"terminated": {"exitCode": 2}}}]}}
    kubectl.says(
        (["create"], ("", "", 0)),
        (["get", "pod"], (json.dumps(done), "", 0)),
        (["logs"], ("first\nsecond\n", "", 0)),
        (["delete"], ("", "", 0)),
    )
    assert _target().run("dbt", ["test"]) == Ended(2, "first\nsecond")
    calls = [args[2] for args, _ in kubectl.asked]
    assert calls[2:] == ["create", "get", "get", "logs", "delete"]
    created = json.loads(next(text for args, text in kubectl.asked if "create" in args))
    assert created["kind"] == "Pod"
    assert created["spec"]["containers"][0]["args"] == ["test"]
    assert created["metadata"]["name"] in kubectl.asked[-1][0]


def test_a_job_that_cannot_start_is_removed_and_says_why(kubectl: Kubectl) -> None:
    waiting = {"reason": "ErrImageNeverPull", "message": "not present"}
    stuck = {"status": {"phase": "Pending", "containerStatuses": [{"state": {"waiting": waiting}}]}}
    kubectl.says((["create"], ("", "", 0)), (["get", "pod"], (json.dumps(stuck), "", 0)), (["delete"], ("", "", 0)))
    with pytest.raises(UnhealthyError, match="ErrImageNeverPull: not present"):
        _target().run("dbt", ["test"])
    assert "delete" in kubectl.asked[-1][0]


def test_a_job_that_the_server_refuses_says_why(kubectl: Kubectl) -> None:
    kubectl.says((["create"], ("", 'Error from server (Forbidden): pods "dbt" is forbidden: exceeded quota\n', 1)))
    with pytest.raises(UnhealthyError, match="exceeded quota"):
        _target().run("dbt", ["test"])


def test_what_is_asked_from_inside_is_asked_where_the_service_is_used(kubectl: Kubectl) -> None:
    kubectl.says((["exec"], ("sales-db 10.113.0.7\n", "", 0)))
    assert _target().run_near("sales-db", ["getent"]).out == "sales-db 10.113.0.7\n"
    assert kubectl.asked[-1][0][4:6] == ["data-platform", "minio-0"], "dbt uses it too, and in its namespace minio runs"
    # Nobody uses minio here: its own namespace has no other pod, so any other asks.
    _target().run_near("minio", ["getent"])
    assert kubectl.asked[-1][0][4:6] == ["sales-domain", "sales-db-0"]


def test_the_ways_in_are_the_node_ports(kubectl: Kubectl) -> None:
    seen = _target().published(["minio", "sales-db"])
    assert seen.rows == (("minio", 9000, "10.111.0.2", 30900), ("minio", 9001, "10.111.0.2", 30901))
    assert _target().published(["sales-db"]).rows == ()


def test_a_request_goes_to_the_node(kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch) -> None:
    urls = []

    def request(url: str, asked: Request, trust: Trust | None, password: str) -> Answer:
        urls.append(f"{asked.method} {url} {trust.name if trust else ''}".strip())
        return Answer(status=204)

    monkeypatch.setattr(http, "request", request)
    assert _target().http("API_PORT", Request("/live")).status == 204
    assert _target(trusted={"API_PORT": Trust("ca.pem", "api")}).http("API_PORT", Request("/live")).status == 204
    assert urls == ["GET http://10.111.0.2:30900/live", "GET https://10.111.0.2:30900/live api"]
    with pytest.raises(UnhealthyError, match="no way in leads to GONE_PORT"):
        _target().http("GONE_PORT", Request())


def test_a_stack_without_an_object_store_says_so(kubectl: Kubectl) -> None:
    with pytest.raises(UnhealthyError, match="no object store"):
        _target().objects("datalake/")


def test_a_cluster_without_an_export_is_one_clear_line(kubectl: Kubectl) -> None:
    kubectl.says((["--all-namespaces"], ('{"items": []}', "", 0)))
    with pytest.raises(UnhealthyError, match="no DataMeesh runs on the cluster of context 'here'") as refused:
        ClusterAccess("here").look()
    assert "--apply --context here" in refused.value.hint


def test_a_cluster_that_is_not_reached_is_the_hosts_fault(kubectl: Kubectl) -> None:
    refused = "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?\n"
    kubectl.says((["--all-namespaces"], ("", f"dial tcp 10.0.0.1:6443: connect: connection refused\n{refused}", 1)))
    with pytest.raises(HostError, match="the cluster of context 'here' is not reached"):
        ClusterAccess("here").look()


def test_the_context_is_the_named_one_or_the_current_one(kubectl: Kubectl) -> None:
    kubectl.says((["current-context"], ("there\n", "", 0)))
    assert (chosen_context("here"), chosen_context(None)) == ("here", "there")
    kubectl.says((["current-context"], ("", "error: current-context is not set\n", 1)))
    with pytest.raises(UserError, match="no current context"):
        chosen_context(None)


def test_the_pods_are_those_of_the_export(kubectl: Kubectl) -> None:
    kubectl.says((["--all-namespaces"], (json.dumps({"items": [a_pod("minio", ready=False)]}), "", 0)))
    assert _target().running == frozenset()
    assert "app.kubernetes.io/part-of=datameesh" in kubectl.asked[0][0]
