"""The memory plan: tables of cases, then rules that must hold for every budget, over the services as their folders say they are."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest

from datameesh_cli.adapters.repository import Repository
from datameesh_cli.core.declaration import Heap, LeaveOut, Setting
from datameesh_cli.core.model import Service
from datameesh_cli.core.ram_plan import RESERVE_MIB, RamPlan, default_budget, plan_ram, plan_variables
from datameesh_cli.errors import HostError
from tests.fakes.values import a_service

REPOSITORY = Repository(Path(__file__).parents[3]).model()
MESH = REPOSITORY.of_profiles(["analytics"])
APIS = {f"{domain}-api{end}" for domain in ("sales", "marketing") for end in ("", "-1", "-2")} | {"sales-api-db"}
OPTIONAL = APIS | {"trino-worker"}
MINIMUM = 1432
BUDGETS = [*range(MINIMUM, 4200), *range(4200, 32 * 1024 + 1, 37), 32 * 1024]
SMALLEST = {"core": 160, "analytics": 1432}
"""Of each profile: the sum of the minima that its folders say, without what may be left out."""


def _limits(plan: RamPlan) -> dict[str, int]:
    return {s.service: s.limit for s in plan.shares}


def test_the_exact_minimum_is_accepted_and_everybody_gets_its_minimum() -> None:
    plan = plan_ram(MESH, MINIMUM, ("core", "analytics"))
    assert _limits(plan) == {s.name: s.ram.min for s in MESH if s.name not in OPTIONAL}
    assert plan.total == MINIMUM
    assert plan.profiles == ("core", "analytics")
    assert {s.why for s in plan.shares} == {"its minimum", "its minimum; held for a job"}
    assert sum(s.share_of_budget for s in plan.shares) == pytest.approx(1.0)


def test_one_mib_less_is_refused_with_the_whole_arithmetic() -> None:
    with pytest.raises(HostError) as caught:
        plan_ram(MESH, MINIMUM - 1)
    assert caught.value.exit_code == 3
    assert caught.value.message == (
        "the budget is 1431 MiB, these services need at least 1432 MiB: trino-coordinator 640 + hive-metastore 192 + dbt 160 + "
        "minio 128 + hive-metastore-db 80 + marketing-db 80 + sales-db 80 + sign-in 48 + audit 24 = 1432"
    )
    assert "--ram 1432m" in caught.value.hint
    assert "--without trino-coordinator saves 640" in caught.value.hint
    assert "--without sales-db saves 80" in caught.value.hint


def test_what_a_refusal_offers_to_leave_out_can_be_left_out() -> None:
    """Each saving is what one may type, and is true; who waits for hive-metastore-db at its start keeps it from being offered."""
    with pytest.raises(HostError) as caught:
        plan_ram(MESH, MINIMUM - 1)
    offered = re.findall(r"--without (\S+) saves (\d+)", caught.value.hint)
    assert {name for name, _ in offered} == {s.name for s in MESH} - OPTIONAL - {"hive-metastore-db"}
    for name, saved in offered:
        smaller = plan_ram(MESH, MINIMUM - int(saved), (), [name])
        assert (smaller.total, smaller.share(name)) == (MINIMUM - int(saved), None)
        assert smaller.left_out[name] == "left out by hand"
        with pytest.raises(HostError):
            plan_ram(MESH, MINIMUM - int(saved) - 1, (), [name])
    with pytest.raises(HostError) as elsewhere:
        plan_ram(MESH, 1, (), None)
    assert "--without" not in elsewhere.value.hint


def test_a_worker_that_is_left_out_by_hand_is_left_out_as_a_small_budget_does() -> None:
    variables = plan_variables(plan_ram(MESH, 8192, (), ["trino-worker"]), MESH)
    assert (variables["TRINO_WORKER_REPLICAS"], variables["TRINO_INCLUDE_COORDINATOR"]) == ("0", "true")
    assert plan_ram(MESH, 8192, (), ["trino-worker"]).left_out == {
        "trino-worker": "left out by hand: the coordinator also works"
    }


@pytest.mark.parametrize("budget", [0, 1, 600, 1431])
def test_the_budget_that_a_refusal_names_is_accepted_and_the_smallest(budget: int) -> None:
    with pytest.raises(HostError) as caught:
        plan_ram(MESH, budget)
    named = int(caught.value.hint.split("--ram ")[1].split("m;")[0])
    assert plan_ram(MESH, named).total == named
    with pytest.raises(HostError):
        plan_ram(MESH, named - 1)


def test_the_rest_is_shared_in_proportion_to_what_each_still_wants() -> None:
    services = [a_service("a", ram=(100, 500)), a_service("b", ram=(100, 900))]
    assert _limits(plan_ram(services, 440)) == {"a": 180, "b": 260}
    plan = plan_ram(services, 800)
    assert _limits(plan) == {"a": 300, "b": 500}
    assert plan.shares[0].why == "minimum 100 + its part of the rest (wants 500)"


def test_nobody_gets_more_than_it_wants_and_want_is_reached_exactly() -> None:
    services = [a_service("a", ram=(100, 501)), a_service("b", ram=(100, 101))]
    assert _limits(plan_ram(services, 601))["a"] < 501
    for budget in (602, 603, 10_000):
        plan = plan_ram(services, budget)
        assert _limits(plan) == {"a": 501, "b": 101}
        assert {s.why for s in plan.shares} == {"all it can use"}


def test_replicas_count() -> None:
    services = [a_service("api", ram=(100, 200), replicas=2), a_service("db", ram=(100, 200))]
    with pytest.raises(HostError, match="api 200 \\+ db 100 = 300"):
        plan_ram(services, 299)
    plan = plan_ram(services, 450)
    assert plan.total <= 450
    assert _limits(plan) == {"api": 148, "db": 148}


@pytest.mark.parametrize(
    ("below", "budget", "replicas", "includes_coordinator"),
    [
        (3072, 3071, "0", "true"),
        (3072, 3072, "1", None),
        (100, 1432, "0", "true"),
        (100, 2071, "0", "true"),
        (100, 2072, "1", None),
    ],
)
def test_a_small_budget_leaves_the_worker_out(
    below: int, budget: int, replicas: str, includes_coordinator: str | None
) -> None:
    """Below what its folder says, and also where its minimum does not fit: something smaller comes before a refusal."""
    query = [s for s in MESH if s.name not in APIS]
    mesh = [replace(s, leave_out=replace(s.leave_out, below=below)) if s.leave_out else s for s in query]
    plan = plan_ram(mesh, budget)
    variables = plan_variables(plan, mesh)
    assert variables["TRINO_WORKER_REPLICAS"] == replicas
    assert variables.get("TRINO_INCLUDE_COORDINATOR") == includes_coordinator
    assert ("TRINO_WORKER_LIMIT" in variables) == ("TRINO_WORKER_HEAP" in variables) == (replicas == "1")
    says = "left out below 3 GiB: " if below == 3072 else "left out below 2072 MiB: "
    assert plan.left_out == ({"trino-worker": says + "the coordinator also works"} if replicas == "0" else {})


def test_of_several_optional_services_the_one_with_the_lowest_threshold_joins_first() -> None:
    def optional(name: str, below: int) -> Service:
        return a_service(name, ram=(100, 100), leave_out=LeaveOut(below, "smaller", {}))

    services = [a_service("base", ram=(100, 100)), optional("late", 250), optional("early", 150)]
    joined = {budget: set(_limits(plan_ram(services, budget))) for budget in (100, 199, 200, 299, 300)}
    assert joined == {
        100: {"base"},
        199: {"base"},
        200: {"base", "early"},
        299: {"base", "early"},
        300: {"base", "early", "late"},
    }


@pytest.mark.parametrize(
    ("heap", "limit", "expected"),
    [(Heap(384, 0.7), 640, 256), (Heap(384, 0.7), 1280, 896), (Heap(384, 0.7), 2048, 1433), (Heap(144, 0.5), 192, 48)],
)
def test_the_heap_is_what_stays_outside_or_the_share_whichever_is_less(heap: Heap, limit: int, expected: int) -> None:
    (share,) = plan_ram([a_service("jvm", ram=(limit, limit), heap=heap)], limit).shares
    assert share.heap == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Setting("heap", 0.4), 102),
        (Setting("limit", 0.25), 160),
        (Setting("limit", 0.25, min=200), 200),
        (Setting("limit", 0.25, max=128), 128),
        (Setting("limit", 0.0), 1),
    ],
)
def test_settings_follow_from_limit_or_heap_within_their_bounds(rule: Setting, expected: int) -> None:
    service = a_service("trino", ram=(640, 640), heap=Heap(384, 0.7), settings={"X": rule})
    variables = plan_variables(plan_ram([service], 640), [service])
    assert variables == {"TRINO_HEAP": "256", "TRINO_LIMIT": "640", "TRINO_X": str(expected)}


def test_variables_are_whole_numbers_in_a_stable_order() -> None:
    variables = plan_variables(plan_ram(MESH, 4096), MESH)
    assert list(variables) == sorted(variables)
    assert variables == plan_variables(plan_ram(MESH, 4096), tuple(reversed(MESH)))
    assert all(value.isdecimal() for value in variables.values())
    assert variables["TRINO_WORKER_REPLICAS"] == "1"
    assert variables["SALES_DB_SHARED_BUFFERS"] == str(int(int(variables["SALES_DB_LIMIT"]) * 0.2))


@pytest.mark.parametrize(
    ("profile", "budget", "there"),
    [
        ("core", 160, set()),
        ("core", 279, set()),
        ("core", 280, {"sales-api", "sales-api-1", "sales-api-db"}),
        ("core", 352, {"sales-api", "sales-api-1", "sales-api-db", "marketing-api", "marketing-api-1"}),
        ("core", 600, APIS - {"marketing-api-2"}),
        ("core", 601, APIS),
        ("analytics", 1536, set()),
        ("analytics", 1552, {"sales-api", "sales-api-1", "sales-api-db"}),
        ("analytics", 1736, APIS),
    ],
)
def test_apis_come_whole_with_what_they_need_and_their_second_replica_later(
    profile: str, budget: int, there: set[str]
) -> None:
    """Balancer 16, replica 56, the log's database 48: 120 and 72, and 56 for each second replica."""
    assert set(_limits(plan_ram(REPOSITORY.of_profiles([profile]), budget))) & APIS == there


def test_a_running_job_never_breaks_the_budget() -> None:
    plan = plan_ram(MESH, 2048)
    job = plan.share("dbt")
    assert job and job.limit >= 160
    assert job.why.endswith("; held for a job")
    assert plan.total <= 2048


def test_nothing_to_run_needs_nothing() -> None:
    assert plan_ram([], 0).total == 0


@pytest.mark.parametrize(("engine", "budget"), [(24105, 24105 - RESERVE_MIB), (1024, 0), (512, 0)])
def test_the_default_budget_keeps_a_reserve(engine: int, budget: int) -> None:
    assert default_budget(engine) == budget


@pytest.mark.parametrize("profile", sorted(SMALLEST))
def test_each_profile_of_the_repository_has_the_minimum_that_is_told(profile: str) -> None:
    assert {p.name for p in REPOSITORY.profiles} == set(SMALLEST), "a new profile needs its figure here"
    services = REPOSITORY.of_profiles([profile])
    assert plan_ram(services, SMALLEST[profile]).total == SMALLEST[profile]
    with pytest.raises(HostError):
        plan_ram(services, SMALLEST[profile] - 1)


def test_for_every_budget_the_limits_fit_and_stay_between_minimum_and_want() -> None:
    ram = {s.name: s.ram for s in MESH}
    for budget in BUDGETS:
        plan = plan_ram(MESH, budget)
        assert plan.total <= budget
        for share in plan.shares:
            assert ram[share.service].min <= share.limit <= ram[share.service].want
            assert share.heap is None or 0 < share.heap < share.limit
            assert all(0 < value < share.limit for value in share.settings.values())


def test_for_every_budget_a_jvm_keeps_what_it_needs_beside_its_heap_and_trino_can_start() -> None:
    """Trino refuses to start where a query's memory and the headroom together are more than the heap."""
    outside = {"trino-coordinator": 384, "trino-worker": 384, "hive-metastore": 144, "minio": 64, "sign-in": 32}
    for budget in BUDGETS:
        plan = plan_ram(MESH, budget)
        assert {s.service for s in plan.shares if s.heap} == set(outside) - set(plan.left_out)
        for share in plan.shares:
            if share.heap:
                assert share.heap <= share.limit - outside[share.service]
            if share.heap and share.service.startswith("trino"):
                of = share.settings
                assert of["QUERY_MAX_MEMORY_PER_NODE"] + of["HEAP_HEADROOM_PER_NODE"] <= share.heap, budget
                assert of["QUERY_MAX_MEMORY"] >= of["QUERY_MAX_MEMORY_PER_NODE"], budget


def test_for_every_budget_a_database_has_room_for_its_buffers_and_its_sorts() -> None:
    for budget in BUDGETS:
        for share in plan_ram(MESH, budget).shares:
            if share.service in ("sales-db", "marketing-db"):
                of = share.settings
                assert of["SHARED_BUFFERS"] + of["MAINTENANCE_WORK_MEM"] + 8 * of["WORK_MEM"] < share.limit, budget
                assert of["SHARED_BUFFERS"] < of["EFFECTIVE_CACHE_SIZE"] < share.limit, budget
                assert of["MAX_CONNECTIONS"] >= 18, budget


def test_no_more_than_rounding_is_left_unused() -> None:
    for budget in BUDGETS:
        plan = plan_ram(MESH, budget)
        satisfied = all(s.why.startswith("all it can use") for s in plan.shares)
        assert satisfied or budget - plan.total <= 8 * len(plan.shares)


def test_a_larger_budget_never_lowers_a_limit_except_where_a_service_joins() -> None:
    for smaller, larger in itertools.pairwise(BUDGETS):
        before, after = _limits(plan_ram(MESH, smaller)), _limits(plan_ram(MESH, larger))
        assert set(before) <= set(after)
        if set(before) == set(after):
            assert all(after[name] >= limit for name, limit in before.items()), (smaller, larger)
