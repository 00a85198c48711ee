"""The engine's answers, given by a `docker` of the test that prints what a real one printed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters.compose import Compose
from datameesh_cli.adapters.docker import failure
from datameesh_cli.adapters.engine import Engine
from datameesh_cli.core.health import Container
from datameesh_cli.errors import DmError, HostError, UnhealthyError, UserError

INSPECT: dict[str, Any] = {
    "Name": "/datameesh-web-1",
    "RestartCount": 2,
    "State": {
        "Status": "running",
        "OOMKilled": True,
        "ExitCode": 0,
        "StartedAt": "2026-01-01T00:00:00Z",
        "Health": {"Status": "starting"},
    },
    "Config": {"Image": "datameesh/web:1", "Labels": {"com.docker.compose.service": "web"}},
    "HostConfig": {"Memory": 640 * 2**20},
    "NetworkSettings": {"Networks": {"mesh": {"IPAddress": "172.20.0.5"}}},
}


def _docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = tmp_path / "docker"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


def test_a_container_as_the_engine_reports_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inspect").write_text(json.dumps([INSPECT]))
    _docker(tmp_path, monkeypatch, f'case "$1" in ps) echo abc;; inspect) cat {tmp_path}/inspect;; esac')
    assert Engine().containers("datameesh") == (
        Container(
            "datameesh-web-1",
            "web",
            "running",
            "starting",
            0,
            True,
            2,
            640,
            "2026-01-01T00:00:00Z",
            "datameesh/web:1",
            "172.20.0.5",
        ),
    )


def test_a_container_that_goes_away_between_two_questions_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inspect").write_text(json.dumps([INSPECT]))
    script = f'case "$1" in ps) echo abc def;; *) cat {tmp_path}/inspect; echo "Error: No such object: def" >&2; exit 1;; esac'
    _docker(tmp_path, monkeypatch, script)
    assert [c.name for c in Engine().containers("datameesh")] == ["datameesh-web-1"]


def test_no_container_is_asked_about_when_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _docker(tmp_path, monkeypatch, '[ "$1" = ps ] || exit 9')
    assert Engine().containers("datameesh") == ()


def test_no_docker_and_no_engine_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostError, match="'docker' is not installed"):
        Engine().info()
    monkeypatch.undo()
    # The command exits 0 although no engine answered: it still knows itself.
    _docker(tmp_path, monkeypatch, """echo '{"ServerErrors": ["Cannot connect"], "ServerVersion": ""}'""")
    with pytest.raises(HostError, match="no container engine answers"):
        Engine().info()


def test_what_the_engine_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _docker(
        tmp_path,
        monkeypatch,
        """echo '{"ServerVersion": "20.10.24", "MemTotal": 8589934592, "NCPU": 2, "CgroupVersion": "1"}'""",
    )
    info = Engine().info()
    assert (info.version, info.memory, info.cpus, info.cgroup) == ("20.10.24", 8192, 2, "1")


def test_memory_in_use_in_every_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inspect").write_text(json.dumps([INSPECT]))
    stats = "a 1.5GiB / 2GiB\\nb 46.4MiB / 80MiB\\nc 512KiB / 1MiB\\nd 0B / 0B\\n"
    _docker(
        tmp_path,
        monkeypatch,
        f'case "$1" in ps) echo abc;; inspect) cat {tmp_path}/inspect;; stats) printf "{stats}";; esac',
    )
    assert Engine().memory_used("datameesh") == {"a": 1536, "b": 46, "c": 0, "d": 0}


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        (
            "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
            HostError,
            "no container engine answers",
        ),
        (
            "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
            HostError,
            "may not talk",
        ),
        ("docker: 'compose' is not a docker command.", HostError, "Compose plugin is not installed"),
        ("Error response from daemon: No such image: datameesh/trino:476", HostError, "an image is missing"),
        (
            "Error response from daemon: driver failed: Bind for 127.0.0.1:30808 failed: port is already allocated",
            HostError,
            "30808",
        ),
        ("listen tcp4 127.0.0.1:30808: bind: address already in use", HostError, "address already in use"),
        (
            "services/x/compose.yaml: yaml: line 3: did not find expected key",
            UserError,
            "the Compose model is not valid",
        ),
        ('service "a" refers to undefined network mesh: invalid compose project', UserError, "undefined network mesh"),
        (
            "line\nError response from daemon: something else\n",
            UnhealthyError,
            "cannot start the stack: something else",
        ),
        ("", UnhealthyError, "no message"),
    ],
)
def test_what_the_docker_command_says_becomes_one_clear_line(text: str, kind: type[DmError], says: str) -> None:
    error = failure("start the stack", text)
    assert type(error) is kind
    assert says in error.message
    assert "\n" not in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda c: c.down(volumes=False), "down --remove-orphans"),
        (lambda c: c.down(volumes=True), "down --remove-orphans --volumes"),
        (lambda c: c.remove(["trino-worker"]), "rm --force --stop trino-worker"),
        (lambda c: c.restart(["trino-worker"]), "restart trino-worker"),
    ],
)
def test_every_service_is_stopped_within_its_own_grace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Any, words: str
) -> None:
    """A time of ours would take the place of every service's own: the worker's 30 s were cut to 20."""
    _docker(tmp_path, monkeypatch, f'echo "$@" >> {tmp_path}/asked')
    ask(Compose(tmp_path / "compose.yaml", "datameesh", tmp_path / "none.env"))
    (asked,) = (tmp_path / "asked").read_text().splitlines()
    given = f"compose --file {tmp_path}/compose.yaml --profile * --project-name datameesh"
    assert asked == f"{given} {words}"


def test_a_stop_that_fails_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _docker(tmp_path, monkeypatch, "echo 'Error response from daemon: volume is in use' >&2; exit 1")
    with pytest.raises(UnhealthyError, match="cannot stop the stack: volume is in use"):
        Compose(tmp_path / "compose.yaml", "datameesh", tmp_path / "none.env").down(volumes=True)


def test_a_job_that_is_left_early_takes_its_container_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose that is told to end leaves the container of `run` at work: it was seen a minute later, without a lock."""
    _docker(
        tmp_path, monkeypatch, f'echo "$@" >> {tmp_path}/asked; case $1 in compose) echo line; exec sleep 30;; esac'
    )
    job = Compose(tmp_path / "compose.yaml", "datameesh", tmp_path / "none.env").run_job("dbt", ["build"])
    assert next(job) == "line"
    job.close()
    run, removed = (tmp_path / "asked").read_text().splitlines()
    name = run.split("--name ")[1].split()[0]
    assert name.startswith("datameesh-dbt-run-")
    assert removed == f"rm --force {name}"
