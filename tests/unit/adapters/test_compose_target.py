"""The Compose stack as a target: how its programs' output becomes observations. Only the programs are scripted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from datameesh_cli.adapters import compose_target, process
from datameesh_cli.adapters.compose import Compose
from datameesh_cli.adapters.compose_target import ComposeTarget
from datameesh_cli.adapters.engine import Engine
from datameesh_cli.adapters.process import Finished
from datameesh_cli.adapters.trino import Trino
from datameesh_cli.core.kind import Ended
from datameesh_cli.errors import UnhealthyError
from tests.fakes.values import a_container


class _Engine:
    def __init__(self, *states: tuple[str, str]) -> None:
        self.states, self.calls = states, list[tuple[str, ...]]()
        self.answer = Finished(0, "id\n1\n", "")

    def containers(self, project: str) -> tuple[Any, ...]:
        return tuple(a_container(s, status, name=f"{s}-{n}") for n, (s, status) in enumerate(self.states, 1))

    def exec(self, container: str, command: Sequence[str], **_: Any) -> Finished:
        self.calls.append((container, *command))
        return self.answer

    def run_once(self, image: str, network: str, command: Sequence[str], address: str = "") -> Finished:
        self.calls.append((image, network, address, *command))
        return Finished(0, "sales-db 10.0.0.2\n", "")


class _Compose:
    project = "datameesh-x"

    def stand_in(self, service: str) -> str:
        return {"trino-worker": "172.20.0.129"}[service]

    def run_job(self, service: str, command: Sequence[str], *, program: Sequence[str] = ()) -> Iterator[str]:
        assert not program
        yield f"{service} {' '.join(command)}"
        yield "done"
        return 3


def _target(engine: _Engine) -> ComposeTarget:
    return ComposeTarget(
        engine=cast(Engine, engine),
        compose=cast(Compose, _Compose()),
        trino=Trino("127.0.0.1", 1),
        store=None,
        address="127.0.0.1",
        ports={},
        trusted={},
        jobs=frozenset({"dbt"}),
        image="datameesh/postgres:17",
    )


def test_a_command_goes_to_the_first_running_container_of_its_service() -> None:
    engine = _Engine(("sales-db", "exited"), ("sales-db", "running"), ("sales-db", "running"))
    assert _target(engine).run("sales-db", ["psql"]).out == "id\n1\n"
    assert engine.calls == [("sales-db-2", "psql")]


def test_a_service_that_does_not_run_is_named() -> None:
    with pytest.raises(UnhealthyError, match="sales-db does not run"):
        _target(_Engine(("sales-db", "exited"))).run("sales-db", ["ls"])


def test_a_command_gives_its_exit_code_and_both_outputs() -> None:
    engine = _Engine(("minio", "running"))
    engine.answer = Finished(2, "out\n", "err\n")
    assert _target(engine).run("minio", ["ls"]) == Ended(2, "out\n", "err\n")


def test_a_job_runs_in_a_container_of_its_own() -> None:
    assert _target(_Engine()).run("dbt", ["debug"]) == Ended(3, "dbt debug\ndone")


def test_what_is_asked_from_inside_is_asked_on_the_stacks_own_network() -> None:
    engine = _Engine()
    assert _target(engine).run_near("sales-db", ["getent"]).out == "sales-db 10.0.0.2\n"
    assert engine.calls == [("datameesh/postgres:17", "datameesh-x_mesh", "", "getent")]


def test_it_is_asked_in_the_name_of_a_service_that_uses_the_other() -> None:
    engine = _Engine()
    users = {"trino-worker": ["trino-worker"], "sales-db": ["sales-db", "trino-worker", "trino-coordinator"]}
    target = replace(_target(engine), consumers=users)
    target.run_near("sales-db", ["getent"])
    target.run_near("trino-worker", ["getent"])
    assert [call[2] for call in engine.calls] == ["172.20.0.129", ""], "nobody but itself uses the worker"


def test_the_ways_in_are_read_from_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    out = "9000/tcp -> 127.0.0.1:30900\n9001/tcp -> [::1]:30901\n"
    monkeypatch.setattr(compose_target.docker, "run", lambda *_, **__: process.Finished(0, out, ""))
    seen = _target(_Engine(("minio", "running"))).published(["minio"])
    assert seen.rows == (("minio", 9000, "127.0.0.1", 30900), ("minio", 9001, "[::1]", 30901))


def test_a_stack_without_an_object_store_says_so() -> None:
    with pytest.raises(UnhealthyError, match="no object store"):
        _target(_Engine()).objects("datalake/")
