"""kubectl, kube-score, the schemas and YAML, each through its adapter; the programs are scripts that answer as the real ones do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters import kube_score, kubectl, kubernetes_schema, yaml_text
from datameesh_cli.core.k8s.objects import COMMON
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.core.k8s.trial import trial
from datameesh_cli.errors import HostError, UnhealthyError, UserError
from tests.unit.core.k8s.example import draft, example

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "sales"}, "spec": {}}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a program of a name, with a shell script for a body; what reaches it by standard input is in `stdin`."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def make(name: str, body: str) -> Path:
        path = tmp_path / name
        path.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n{body}\n')
        path.chmod(0o755)
        return tmp_path

    return make


def test_a_dry_run_takes_a_namespace_that_is_not_there_yet_for_default(program: Any) -> None:
    folder = program("kubectl", 'case $* in *get*) echo namespace/other;; *) cat > "$(dirname "$0")/stdin";; esac')
    assert kubectl.dry_run([POD], "c") == []
    (sent,) = json.loads((folder / "stdin").read_text())["items"]
    assert sent["metadata"]["namespace"] == "default"
    assert "--dry-run=server" in (folder / "calls").read_text()


FORBIDDEN = 'Error from server (Forbidden): error when creating "STDIN": pods "p" is forbidden: '
OVER = (
    FORBIDDEN + "exceeded quota: {}, requested: limits.memory=96Mi, used: limits.memory=0, limited: limits.memory=64Mi"
)
SERVICE = OVER.format("datameesh").replace('pods "p"', 'services "s"')
THEIRS = SERVICE.replace("datameesh", "team")
RANGE = FORBIDDEN + "maximum memory usage per Container is 64Mi, but limit is 96Mi"
TEAM, MINE = (OVER.format(name) for name in ("team", "datameesh"))
OTHER = FORBIDDEN + 'violates PodSecurity "restricted:latest": host namespaces'
OURS = ("datameesh", True)
BROUGHT: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": kind, "metadata": {"name": "datameesh", "namespace": "sales"}, "spec": {}}
    for kind in ("ResourceQuota", "LimitRange")
]


def _limits(*named: tuple[str, bool]) -> str:
    """Quotas and limit ranges of these names in the namespace, each with or without our labels."""
    items = [
        {"kind": kind, "metadata": {"name": name, "namespace": "sales", "labels": dict(COMMON) if ours else {}}}
        for kind in ("ResourceQuota", "LimitRange")
        for name, ours in named
    ]
    return json.dumps({"items": items})


@pytest.mark.parametrize(
    ("says", "there", "brought", "left"),
    [
        pytest.param([MINE, OTHER], [OURS], True, [OTHER], id="the quota of the export before"),
        pytest.param([RANGE], [OURS], True, [], id="the limit range of the export before"),
        pytest.param([TEAM], [OURS, ("team", False)], True, [TEAM], id="a quota of others"),
        pytest.param([MINE], [("datameesh", False)], True, [MINE], id="their own datameesh"),
        pytest.param([MINE], [OURS], False, [MINE], id="one that stays"),
        pytest.param([RANGE], [OURS, ("team", False)], True, [RANGE], id="a limit range of others may have said it"),
        pytest.param([MINE, TEAM], [OURS, ("team", False)], True, [TEAM], id="both"),
        pytest.param([SERVICE], [OURS], True, [], id="NodePorts of a Service"),
        pytest.param([THEIRS], [("team", False)], True, [THEIRS], id="of others, too"),
    ],
)  # fmt: skip
def test_the_limits_of_an_export_before_are_no_objection_those_of_others_are(
    program: Any, says: list[str], there: list[tuple[str, bool]], brought: bool, left: list[str]
) -> None:
    folder = program(
        "kubectl",
        'd=$(dirname "$0"); case $* in *namespaces*) echo namespace/sales;; *limitranges*) cat "$d/limits";;'
        ' *) cat "$d/says" >&2; exit 1;; esac',
    )
    (folder / "limits").write_text(_limits(*there))
    (folder / "says").write_text("\n".join(says) + "\n")
    service = POD | {"kind": "Service", "metadata": {"name": "s", "namespace": "sales"}}
    assert kubectl.dry_run([POD, service, *(BROUGHT if brought else [])], "c") == left


def test_the_limits_of_default_are_none_of_a_namespace_that_is_not_there_yet(program: Any) -> None:
    says = OVER.format("team").replace("'", "")
    program(
        "kubectl",
        f"case $* in *namespaces*) echo namespace/other;; *limitranges*) echo '{_limits()}';; *) echo '{says}' >&2; exit 1;; esac",
    )
    assert kubectl.dry_run([POD], "c") == []


@pytest.mark.parametrize(
    ("says", "error", "message"),
    [
        (
            "The connection to the server x:1 was refused: connection refused",
            HostError,
            "the cluster of context 'c' is not reached",
        ),
        ("Unable to connect to the server: EOF", HostError, "the cluster of context 'c' is not reached"),
        ("error: context was not found for specified context: c", UserError, "kubectl knows no context 'c'"),
        ("Error from server (Forbidden): no", UnhealthyError, "kubectl apply: Error from server"),
    ],
)
def test_each_failure_of_kubectl_is_explained(program: Any, says: str, error: type[Exception], message: str) -> None:
    program("kubectl", f"echo '{says}' >&2; exit 1")
    with pytest.raises(error, match=message):
        kubectl.apply_objects([POD], "c")


def test_values_reach_kubectl_by_standard_input_only(program: Any) -> None:
    folder = program("kubectl", 'cat > "$(dirname "$0")/stdin"; echo applied')
    assert kubectl.apply_objects([{**POD, "stringData": {"k": "value-of-a-secret"}}], "c") == ["applied"]
    assert "value-of-a-secret" in (folder / "stdin").read_text()
    assert "value-of-a-secret" not in (folder / "calls").read_text()


@pytest.mark.parametrize(("answer", "removed"), [("dbt ", True), ("dbt 1", False), ("", False)])
def test_a_job_is_removed_only_when_it_runs_no_pod(program: Any, answer: str, removed: bool) -> None:
    folder = program("kubectl", f"case $* in *get*) printf '{answer}';; esac")
    kubectl.remove_idle_jobs([("data-platform", "dbt")], "c")
    assert ("delete job dbt" in (folder / "calls").read_text()) is removed


def test_kube_score_is_asked_where_it_is_there(program: Any) -> None:
    checks = [
        {"check": {"id": "a-check"}, "grade": 1, "skipped": False, "comments": [{"summary": "bad"}]},
        {"check": {"id": "a-warning"}, "grade": 5, "skipped": False, "comments": None},
        {"check": {"id": "skipped"}, "grade": 1, "skipped": True, "comments": None},
    ]
    assert kube_score.critical([POD]) is None
    program("kube-score", f"cat > /dev/null; echo '{json.dumps([{'object_name': 'Pod/p', 'checks': checks}])}'; exit 1")
    assert kube_score.critical([POD]) == [("a-check", "Pod/p: bad")]
    wrong = "Failed to score files: quantities must match the regular expression ^([+-]?[0-9.]+)"
    program("kube-score", f"cat > /dev/null; echo '{wrong}' >&2; exit 1")
    assert kube_score.critical([POD]) == [("readable", wrong)], "the model is wrong, not the machine"
    program("kube-score", "cat > /dev/null; echo broken")
    with pytest.raises(HostError, match="kube-score gave no answer"):
        kube_score.critical([POD])


def test_the_schemas_know_fields_types_and_kinds() -> None:
    source = example()
    assert kubernetes_schema.problems(passes(draft(source), source)) == []
    wrong = {**POD, "spec": {"containers": [{"name": "x", "imagee": "y"}]}}
    (problem,) = kubernetes_schema.problems([wrong])
    assert problem.startswith("Pod sales/p: spec.containers.0: ")
    assert kubernetes_schema.problems([{**POD, "apiVersion": "v9"}]) == ["Pod sales/p: Kubernetes 1.33 has no v9 Pod"]


def test_a_trial_holds_each_pod_by_itself_and_is_valid_too() -> None:
    source = example()
    tried = trial(passes(draft(source), source))
    pods = {o["metadata"]["name"]: o for o in tried if o["kind"] == "Pod"}
    assert set(pods) == {"db-tried", "web-tried", "nightly-tried"}
    assert "serviceAccountName" not in pods["db-tried"]["spec"]
    assert {"name": "db-data", "emptyDir": {}} in pods["db-tried"]["spec"]["volumes"]
    assert [o["metadata"]["name"] for o in tried if o["kind"] == "Job"] == ["nightly-tried"]
    assert kubernetes_schema.problems(tried) == []


def test_yaml_is_written_so_that_it_reads_the_same() -> None:
    shared = {"x": 1}
    documents = [{"b": "two\nlines\n", "a": shared, "c": shared, "n": "0123", "t": "yes", "e": "", "u": "é"}]
    text = yaml_text.dump_all(documents)
    assert yaml_text.load_all(text) == documents
    assert "b: |" in text
    assert "&" not in text
    assert text.index("a:") < text.index("b:")
    with pytest.raises(yaml_text.BrokenYaml) as caught:
        yaml_text.load("a: [\nb")
    assert caught.value.line
