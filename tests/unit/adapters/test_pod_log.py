"""A pod that runs once, whose log breaks, whose cluster goes away, or whose reader leaves. `kubectl` is a program of the test."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters import cluster_access
from datameesh_cli.adapters.cluster_access import ClusterAccess
from datameesh_cli.errors import HostError, UnhealthyError

BODY = {"kind": "Pod", "metadata": {"name": "dbt-1", "namespace": "data-platform"}}
RUNNING = {"status": {"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]}}
ENDED = {"status": {"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]}}
EVICTED = {"status": {"phase": "Failed", "reason": "Evicted", "message": "the node was low on memory"}}
LOST = ("", "Unable to connect to the server: EOF\n", 1)
# Each verb has its answers in order, the last one for ever.
PROGRAM = """\
#!/bin/sh
verb=$3
echo "$verb" >> {home}/asked
n=$(cat {home}/$verb.n 2> /dev/null || echo 0)
[ -e {home}/$verb.$((n + 1)).code ] && n=$((n + 1))
echo $n > {home}/$verb.n
cat {home}/$verb.$n.out
cat {home}/$verb.$n.err >&2
exit $(cat {home}/$verb.$n.code)
"""


class Script:
    """What kubectl answers to each verb, and the verbs that it was asked."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def says(self, verb: str, *answers: tuple[str, str, int]) -> None:
        for number, (out, err, code) in enumerate(answers, start=1):
            (self.home / f"{verb}.{number}.out").write_text(out)
            (self.home / f"{verb}.{number}.err").write_text(err)
            (self.home / f"{verb}.{number}.code").write_text(str(code))

    @property
    def asked(self) -> list[str]:
        return (self.home / "asked").read_text().split()


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    program = tmp_path / "kubectl"
    program.write_text(PROGRAM.format(home=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(cluster_access.clock, "sleep", lambda _seconds: None)
    script = Script(tmp_path)
    script.says("create", ("", "", 0))
    script.says("delete", ("", "", 0))
    return script


def _pod(*states: Any) -> list[tuple[str, str, int]]:
    return [state if isinstance(state, tuple) else (json.dumps(state), "", 0) for state in states]


def _run() -> tuple[list[str], int]:
    run, lines = ClusterAccess("here").run_once(BODY), []
    while True:
        try:
            lines.append(next(run))
        except StopIteration as end:
            return lines, int(end.value)


def test_a_log_that_breaks_off_is_taken_up_where_it_was(kubectl: Script) -> None:
    kubectl.says("get", *_pod(RUNNING, RUNNING, RUNNING, RUNNING, ENDED))
    kubectl.says(
        "logs",
        ("one\ntwo\nthr", "error: unexpected EOF\n", 1),
        ("one\ntwo\nthree\nfour\n", "error: http2: client connection lost\n", 1),
        ("one\ntwo\nthree\nfour\nfive\n", "", 0),
    )
    assert _run() == (["one", "two", "thr", "three", "four", "five"], 3)
    assert kubectl.asked.count("delete") == 1
    assert kubectl.asked[-1] == "delete"


def test_a_log_that_ends_before_its_pod_is_no_end(kubectl: Script) -> None:
    """An API server that restarts closes the stream as if all had been said."""
    kubectl.says("get", *_pod(RUNNING, RUNNING, RUNNING, RUNNING, RUNNING, ENDED))
    kubectl.says("logs", ("one\n", "", 0), ("one\n", "", 0), ("one\none\ntwo\n", "", 0))
    assert _run() == (["one", "one", "two"], 3)


def test_a_log_that_cannot_be_read_does_not_end_the_pod(kubectl: Script) -> None:
    kubectl.says("get", *_pod(*[RUNNING] * 6, ENDED))
    kubectl.says("logs", *[("", "error: unexpected EOF\n", 1)] * 5, ("all\n", "", 0))
    assert _run() == (["all"], 3)


def test_a_log_that_stays_lost_says_how_the_pod_ended_and_leaves_it_there(kubectl: Script) -> None:
    kubectl.says("get", *_pod(RUNNING, RUNNING, ENDED))
    kubectl.says("logs", ("", "error: the node does not answer\n", 1))
    with pytest.raises(
        UnhealthyError, match="ended with exit code 3, its log cannot be read: error: the node"
    ) as caught:
        _run()
    assert "kubectl --context here -n data-platform delete pod dbt-1" in caught.value.hint
    assert "delete" not in kubectl.asked


def test_a_cluster_that_is_away_for_a_moment_is_asked_again(kubectl: Script) -> None:
    kubectl.says("get", *_pod(RUNNING, LOST, LOST, RUNNING, LOST, ENDED))
    kubectl.says("logs", ("one\n", "error: unexpected EOF\n", 1), ("one\ntwo\n", "", 0))
    assert _run() == (["one", "two"], 3)


def test_a_cluster_that_stays_away_leaves_the_pod_alone(kubectl: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_access, "_LOST_SECONDS", -1)
    kubectl.says("get", *_pod(RUNNING, RUNNING, LOST))
    kubectl.says("logs", ("one\n", "error: unexpected EOF\n", 1))
    with pytest.raises(HostError, match="cluster of context 'here' is not reached") as caught:
        _run()
    assert "kubectl --context here -n data-platform logs -f dbt-1" in caught.value.hint
    assert "delete" not in kubectl.asked


def test_a_pod_that_is_taken_away_or_evicted_is_named(kubectl: Script) -> None:
    kubectl.says("logs", ("one\n", "", 0))
    kubectl.says("get", *_pod(RUNNING, RUNNING, ("", 'Error from server (NotFound): pods "dbt-1" not found\n', 1)))
    with pytest.raises(UnhealthyError, match="pod data-platform/dbt-1 was removed by somebody else"):
        _run()


def test_an_evicted_pod_is_no_endless_wait(kubectl: Script) -> None:
    kubectl.says("logs", ("one\n", "", 0))
    kubectl.says("get", *_pod(RUNNING, RUNNING, EVICTED))
    with pytest.raises(UnhealthyError, match="was stopped: the node was low on memory"):
        _run()
    assert kubectl.asked[-1] == "delete"


def test_a_reader_who_leaves_takes_the_pod_along(kubectl: Script) -> None:
    kubectl.says("get", *_pod(RUNNING))
    kubectl.says("logs", ("one\ntwo\n", "", 0))
    run = ClusterAccess("here").run_once(BODY)
    assert next(run) == "one"
    run.close()
    assert kubectl.asked[-1] == "delete"
