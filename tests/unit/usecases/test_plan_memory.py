"""Which profiles, which budget, which ports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datameesh_cli.core.selection import Selection
from datameesh_cli.errors import HostError, UserError
from datameesh_cli.usecases.plan_memory import plan_memory, preview_plan, running_plan
from tests.fakes.adapters import FakeEngine, fake_adapters, files_of


def test_without_a_word_it_plans_analytics_with_what_the_engine_has_less_the_reserve(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine(memory=2048))
    planned = plan_memory(adapters, (), None)
    assert planned.plan.profiles == ("core", "analytics")
    assert planned.plan.budget == 1024
    assert planned.source == "what the engine has (2 GiB) less the reserve of 1 GiB"
    assert [s.name for s in planned.services] == ["db", "metastore", "web"]
    assert planned.replicas == {"db": 1, "metastore": 1, "web": 1}


def test_what_is_in_force_stays_in_force_and_new_profiles_are_added(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    adapters.state.write("plan.json", json.dumps({"profiles": ["core"], "budget": 700, "ports": {}}))
    assert plan_memory(adapters, (), None).plan.profiles == ("core",)
    planned = plan_memory(adapters, ["analytics"], None)
    assert planned.plan.profiles == ("core", "analytics")
    assert (planned.plan.budget, planned.source) == (700, "the budget in force")
    assert plan_memory(adapters, (), 900).plan.budget == 900


@pytest.mark.parametrize("text", ["{", "[]", '{"budget": "much"}', "null"])
def test_a_plan_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    adapters.state.write("plan.json", text)
    assert running_plan(adapters) is None


def test_planning_writes_nothing(tmp_path: Path) -> None:
    for name in ("datameesh", "other"):
        adapters, _ = fake_adapters(tmp_path, FakeEngine(), name=name)
        before = files_of(tmp_path)
        plan_memory(adapters, (), 1024)
        with pytest.raises(HostError):
            plan_memory(adapters, (), 499)
        with pytest.raises(UserError):
            plan_memory(adapters, ["nope"], 1024)
        assert files_of(tmp_path) == before


def test_a_budget_that_the_engine_has_not_is_refused_with_tolerance_for_rounding(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine(memory=7885))
    assert plan_memory(adapters, (), 8 * 1024).plan.budget == 8192
    with pytest.raises(HostError) as caught:
        plan_memory(adapters, (), 16 * 1024)
    assert caught.value.message == "the budget is 16 GiB, the engine has only 7.7 GiB"
    assert "--ram 7885m" in caught.value.hint


def test_without_an_engine_an_asked_budget_can_be_planned_but_none_can_be_guessed(tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.memory = None
    adapters, _ = fake_adapters(tmp_path, engine)
    assert "no engine answers" in plan_memory(adapters, (), 1024).source
    with pytest.raises(HostError, match="no container engine answers"):
        plan_memory(adapters, (), None)


def test_a_second_stack_has_its_ports_moved(tmp_path: Path) -> None:
    first, _ = fake_adapters(tmp_path, FakeEngine())
    second, _ = fake_adapters(tmp_path, FakeEngine(), name="other")
    assert [p.host for p in plan_memory(first, (), 1024).ports] == [30808]
    assert [p.host for p in plan_memory(second, (), 1024).ports] == [31808]


def test_a_chosen_port_holds_for_every_later_command_until_the_stack_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    adapters.state.write(
        "plan.json", json.dumps({"profiles": ["analytics"], "budget": 1024, "ports": {"WEB_PORT": "4000"}})
    )
    assert [p.host for p in plan_memory(adapters, (), None).ports] == [4000]
    monkeypatch.setenv("WEB_PORT", "5000")
    planned = plan_memory(adapters, (), None)
    assert [p.host for p in planned.ports] == [5000]
    assert planned.chosen == {"WEB_PORT": "5000"}


def test_the_variables_hold_all_that_the_model_reads(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    variables = plan_memory(adapters, (), 500).variables(adapters)
    assert variables == {
        "DB_LIMIT": "100",
        "METASTORE_LIMIT": "100",
        "WEB_LIMIT": "300",
        "WEB_PORT": "30808",
        "DM_SECRETS": str(adapters.state.secrets),
        "DM_BIND": "127.0.0.1",
    }


def test_a_bind_address_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    monkeypatch.setenv("DM_BIND", "everywhere")
    with pytest.raises(UserError, match="DM_BIND=everywhere is not an IPv4 address"):
        plan_memory(adapters, (), 500).variables(adapters)


def test_a_plan_beside_a_running_stack_is_of_what_was_asked_and_says_what_runs(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    adapters.state.write("plan.json", json.dumps({"profiles": ["core", "analytics"], "budget": 700, "ports": {}}))
    preview = preview_plan(adapters, Selection(("core",)), None)
    assert preview.planned.plan.profiles == ("core",)
    assert [s.name for s in preview.planned.services] == ["db"]
    assert preview.planned.plan.budget == 700
    assert preview.running is not None
    assert (preview.running.profiles, preview.running.budget) == (("core", "analytics"), 700)
    # Without a word it is the plan in force; `up` goes on to add.
    assert preview_plan(adapters, Selection(), None).planned.plan.profiles == ("core", "analytics")
    assert plan_memory(adapters, ["core"], None).plan.profiles == ("core", "analytics")


def test_a_plan_beside_nothing_says_that_nothing_runs(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    preview = preview_plan(adapters, Selection(("core",)), 1024)
    assert (preview.planned.plan.profiles, preview.running) == (("core",), None)
