"""What a change can reach: the services that run what a folder makes, the tests of a part, everything where nothing is known."""

from __future__ import annotations

import pytest

from datameesh_cli.core.reach_of_change import CHECKS, QUICK, reached_by, users_of

PARENTS = {"base": (), "postgres": ("base",), "trino": ("postgres", "base"), "kompose": ("base",)}
IMAGES = {"sales-db": {"postgres"}, "trino": {"trino"}, "other": {"x.example.org/x"}}
USERS = users_of(PARENTS, IMAGES)


def test_a_building_block_reaches_whatever_is_built_from_it() -> None:
    assert USERS["trino"] == ("trino",)
    assert USERS["postgres"] == USERS["base"] == ("sales-db", "trino")
    assert USERS["sales-db"] == ("sales-db",)
    assert USERS["kompose"] == ()


@pytest.mark.parametrize(
    ("changed", "reached"),
    [
        (["services/trino/compose.yaml"], ["services/trino", "tests/contract"]),
        (["services/trino/config/jvm.config", "compose/services.yaml"], ["services/trino", "tests/contract"]),
        (
            ["services/postgres/Dockerfile"],
            ["services/postgres", "services/sales-db", "services/trino", "tests/contract"],
        ),
        (["services/trino/README.md", "docs/demo.png"], ["tests/contract"]),
        (["services/gone/compose.yaml"], ["services/gone", "tests/contract"]),
        (["compose/hardened.yaml"], sorted({*QUICK, *CHECKS})),
        (["dbt/models/x.sql"], sorted({*QUICK, *CHECKS})),
        (["datameesh_cli/core/ram_plan.py"], sorted(QUICK)),
        (["datameesh_cli/core/k8s/passes/ports.py"], sorted({*QUICK, "tests/integration/test_k8s_*.py"})),
        (["datameesh_cli/adapters/trino.py"], sorted({*QUICK, *CHECKS, "tests/programs", "tests/integration"})),
        (["tests/unit/core/test_stack.py"], ["tests/unit/core/test_stack.py"]),
        (["tests/unit/core/test_stack.py", "tests/fakes/adapters.py"], ["tests/unit"]),
        (["tests/journeys/lake.yaml"], ["tests/contract", "tests/journeys/lake.yaml"]),
        (["tests/integration/stack.py"], sorted({"tests/integration", *CHECKS})),
        ([], []),
    ],
)
def test_a_change_reaches_what_stands_on_it(changed: list[str], reached: list[str]) -> None:
    assert reached_by(changed, USERS) == tuple(reached)


@pytest.mark.parametrize(
    "path", ["pyproject.toml", "requirements.lock", "conftest.py", "dm", "tests/conftest.py", "new/x"]
)
def test_what_is_not_known_can_reach_everything(path: str) -> None:
    assert reached_by(["docs/demo.png", path], USERS) is None
