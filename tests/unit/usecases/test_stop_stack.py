"""`dm down` and `dm restart`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.errors import HostError, NetworkHeldError, UnhealthyError, UserError
from datameesh_cli.usecases.stop_stack import restart_services, stop_namespace, stop_services, stop_stack
from tests.fakes.adapters import FakeCompose, FakeEngine, fake_adapters
from tests.fakes.values import a_container

RUNNING = (a_container("db"), a_container("web"))


def test_down_keeps_data_and_secrets_and_forgets_the_plan(tmp_path: Path) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(RUNNING))
    adapters.state.ensure_secrets(["db-password"])
    adapters.state.write("plan.json", json.dumps({"profiles": ["core"], "budget": 700}))
    stopped = stop_stack(adapters, volumes=False)
    assert (stopped.containers, stopped.volumes_removed, stopped.volumes_kept) == (2, (), ("datameesh_db-data",))
    assert compose.calls == [("down", False)]
    assert adapters.state.secret_names() == ("db-password",)
    assert adapters.state.read_json("plan.json") is None


def test_down_with_volumes_takes_the_secrets_too(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine(RUNNING))
    adapters.state.ensure_secrets(["db-password"])
    stopped = stop_stack(adapters, volumes=True)
    assert (stopped.volumes_removed, stopped.volumes_kept) == (("datameesh_db-data",), ())
    assert adapters.state.secret_names() == ()


def test_secrets_stay_while_a_volume_is_there_that_they_open(tmp_path: Path) -> None:
    """Compose says well done although another container kept a volume from going."""
    engine = FakeEngine(RUNNING)
    engine.used_elsewhere = ["datameesh_db-data"]
    adapters, _ = fake_adapters(tmp_path, engine)
    adapters.state.ensure_secrets(["db-password"])
    stopped = stop_stack(adapters, volumes=True)
    assert (stopped.volumes_removed, stopped.volumes_kept) == ((), ("datameesh_db-data",))
    assert stopped.secrets_kept == adapters.state.secret_names() == ("db-password",)


def test_secrets_stay_when_down_fails(tmp_path: Path) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(RUNNING))
    adapters.state.ensure_secrets(["db-password"])
    compose.refuses_down = HostError("the engine is gone", "start it")
    with pytest.raises(HostError, match="the engine is gone"):
        stop_stack(adapters, volumes=True)
    assert adapters.state.secret_names() == ("db-password",)


def test_a_network_that_the_engine_counts_wrong_is_left_and_said(tmp_path: Path) -> None:
    engine = FakeEngine(RUNNING)
    engine.kept_networks = ("datameesh_mesh",)
    adapters, compose = fake_adapters(tmp_path, engine)
    compose.refuses_down = NetworkHeldError("cannot stop the stack: ... has active endpoints", "")
    stopped = stop_stack(adapters, volumes=False)
    assert (stopped.containers, stopped.network_kept) == (2, True)
    assert adapters.state.read_json("plan.json") is None


def test_somebody_elses_container_on_the_network_is_named(tmp_path: Path) -> None:
    engine = FakeEngine(RUNNING)
    engine.kept_networks, engine.on_networks = ("datameesh_mesh",), ("my-notebook",)
    adapters, _ = fake_adapters(tmp_path, engine)
    adapters.state.ensure_secrets(["db-password"])
    with pytest.raises(UnhealthyError, match="because my-notebook is on it") as caught:
        stop_stack(adapters, volumes=True)
    assert adapters.state.secret_names() == (), "all that could go has gone"
    assert caught.value.hint == "docker network disconnect datameesh_mesh my-notebook; then again"


def test_secrets_that_an_export_was_applied_with_stay(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine(RUNNING))
    adapters.state.ensure_secrets(["db-password", "of-here-only", "changed-here"])
    value = adapters.state.secret("db-password")
    adapters.state.of_export("arn:aws:eks/../x").keep_secrets({"db-password": value, "changed-here": "older"})
    stopped = stop_stack(adapters, volumes=True)
    assert stopped.secrets_kept == adapters.state.secret_names() == ("db-password",)
    assert adapters.state.secret("db-password") == value
    assert adapters.state.secret_of("arn:aws:eks/../x", "changed-here") == "older"


def test_down_of_a_stack_that_is_not_there_does_not_complain(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    assert stop_stack(adapters, volumes=False).containers == 0


def test_down_waits_for_nobody(tmp_path: Path) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(RUNNING))
    with adapters.state.locked("up"), pytest.raises(HostError, match="is working on stack"):
        stop_stack(adapters, volumes=True)
    assert compose.calls == []


def test_down_of_a_namespace_removes_what_lives_there_and_keeps_the_plan(tmp_path: Path) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(RUNNING))
    web = tmp_path / "services" / "web" / "compose.yaml"
    web.write_text(web.read_text().replace("namespace: data-platform", "namespace: other"))
    adapters.state.write("plan.json", json.dumps({"profiles": ["core"], "budget": 700}))
    stopped = stop_namespace(adapters, "data-platform")
    assert (stopped.containers, stopped.namespace, stopped.volumes_removed) == (1, "data-platform", ())
    assert compose.calls == [("remove", ("db",))]
    assert adapters.state.read_json("plan.json") is not None


def test_down_of_a_namespace_where_nothing_runs_or_lives(tmp_path: Path) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine())
    assert stop_namespace(adapters, "data-platform").containers == 0
    with pytest.raises(UserError, match="there is no namespace 'nope'") as problem:
        stop_namespace(adapters, "nope")
    assert "data-platform" in str(problem.value.hint)
    assert compose.calls == []


@pytest.mark.parametrize(("asked", "restarted"), [((), ("db", "web")), (("web",), ("web",))])
def test_restart_takes_what_is_named_else_all_that_runs(
    tmp_path: Path, asked: tuple[str, ...], restarted: tuple[str, ...]
) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(RUNNING))
    assert restart_services(adapters, asked) == restarted
    assert compose.calls == [("restart", restarted)]


_BALANCED = """
services:
  front: {{image: front, profiles: [core], x-datameesh: {{{said}, balances: [front-1, front-2]}}}}
  front-1: {{image: one, profiles: [core], x-datameesh: {{{said}}}}}
  front-2: {{image: one, profiles: [core], x-datameesh: {{{said}}}}}
"""
_SAID = "namespace: data-platform, layer: infrastructure, owner: platform-team, ram: {min: 1, want: 2}"


def _with_two_alike(tmp_path: Path, engine: FakeEngine) -> tuple[Adapters, FakeCompose]:
    adapters, compose = fake_adapters(tmp_path, engine)
    (tmp_path / "services" / "front").mkdir()
    (tmp_path / "services" / "front" / "compose.yaml").write_text(_BALANCED.format(said=_SAID))
    return adapters, compose


def test_containers_alike_are_restarted_in_turn_each_when_the_one_before_works_again(tmp_path: Path) -> None:
    whole = tuple(a_container(name) for name in ("front", "front-1", "front-2"))
    first = tuple(
        a_container(name, health="starting" if name == "front-1" else "healthy")
        for name in ("front", "front-1", "front-2")
    )
    engine = FakeEngine(whole, first, first, whole, whole)
    adapters, compose = _with_two_alike(tmp_path, engine)
    slept: list[float] = []
    clock = SimpleNamespace(now=lambda: float(len(slept)), sleep=slept.append)
    assert restart_services(replace(adapters, clock=clock), ["front"]) == ("front-1", "front-2")
    assert compose.calls == [("restart", ("front-1",)), ("restart", ("front-2",))]
    assert slept == [0.5, 0.5], "the second waits for the first"


def test_where_one_does_not_come_back_the_other_is_left_to_answer(tmp_path: Path) -> None:
    engine = FakeEngine(tuple(a_container(name, health="unhealthy") for name in ("front", "front-1", "front-2")))
    adapters, compose = _with_two_alike(tmp_path, engine)
    slept: list[float] = []
    clock = SimpleNamespace(now=lambda: float(len(slept)), sleep=slept.append)
    with pytest.raises(UnhealthyError, match="front-1 does not come back"):
        restart_services(replace(adapters, clock=clock), ["front"])
    assert compose.calls == [("restart", ("front-1",))]
    assert len(slept) == 121


def test_one_that_is_left_out_is_not_restarted(tmp_path: Path) -> None:
    adapters, compose = _with_two_alike(tmp_path, FakeEngine((a_container("front"), a_container("front-1"))))
    assert restart_services(adapters, ["front"]) == ("front-1",)
    assert compose.calls == [("restart", ("front-1",))]


def test_restart_of_something_unknown_touches_nothing(tmp_path: Path) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(RUNNING))
    with pytest.raises(UserError, match="there is no service 'nope'"):
        restart_services(adapters, ["db", "nope"])
    assert compose.calls == []


def _in_force(adapters: Adapters, **selection: list[str]) -> None:
    adapters.state.write("plan.json", json.dumps({"profiles": [], "budget": 700, **selection}))


ALL = tuple(a_container(name) for name in ("db", "metastore", "web"))


def test_down_of_a_service_leaves_it_out_until_it_is_asked_for(tmp_path: Path) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(ALL))
    _in_force(adapters, profiles=["core", "analytics"])
    assert stop_services(adapters, ["web"]).services == ("web",)
    assert compose.calls == [("remove", ("web",))]
    saved = adapters.state.read_json("plan.json")
    assert (saved["profiles"], saved["without"], saved["budget"]) == (["core", "analytics"], ["web"], 700)


def test_down_of_a_service_takes_what_was_started_for_it_alone(tmp_path: Path) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(ALL))
    _in_force(adapters, profiles=["core"], services=["web"])
    assert stop_services(adapters, ["web"]).services == ("metastore", "web")
    assert compose.calls == [("remove", ("metastore", "web"))]
    saved = adapters.state.read_json("plan.json")
    assert (saved["profiles"], saved["services"], saved["without"]) == (["core"], [], [])


def test_down_of_the_last_service_forgets_the_plan(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine(ALL[:1]))
    _in_force(adapters, services=["db"])
    assert stop_services(adapters, ["db"]).services == ("db",)
    assert adapters.state.read_json("plan.json") is None


def test_down_of_a_service_that_another_one_waits_for_is_refused(tmp_path: Path) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine(ALL))
    _in_force(adapters, profiles=["core", "analytics"])
    with pytest.raises(UserError, match="web cannot start without metastore") as refused:
        stop_services(adapters, ["metastore"])
    assert refused.value.hint == "name both: metastore and web"
    assert compose.calls == []
    assert stop_services(adapters, ["metastore", "web"]).services == ("metastore", "web")


def test_down_of_a_service_that_nobody_knows_or_that_does_not_run(tmp_path: Path) -> None:
    adapters, compose = fake_adapters(tmp_path, FakeEngine())
    with pytest.raises(UserError, match="there is no service 'wbe'") as refused:
        stop_services(adapters, ["wbe"])
    assert refused.value.hint.startswith("did you mean 'web'?")
    assert stop_services(adapters, ["web"]).services == ()
    assert compose.calls == []
