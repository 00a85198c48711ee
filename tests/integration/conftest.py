"""The shared stack: built, started once within the smallest budget, used by every module, removed at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from datameesh_cli.adapters.outside import outside
from datameesh_cli.usecases.export_kubernetes import kompose_image
from tests.integration.stack import ROOT, Stack, stack_of

SMALLEST = "1536m"
ORDER = [
    "test_refusals",
    "test_journey",
    "test_seed_sets",
    "test_faults",
    "test_dbt",
    "test_whole_rows",
    "test_lifecycle",
    "test_budgets",
]
"""Modules on the shared stack, cheap and telling ones first; those that start stacks of their own come after them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = str(ROOT / "tests" / "integration")
    for item in items:
        if str(item.path).startswith(folder):
            item.add_marker("docker")
            if not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(900))

    def place(item: pytest.Item) -> int:
        if not str(item.path).startswith(folder):
            return -1
        return ORDER.index(item.path.stem) if item.path.stem in ORDER else len(ORDER)

    items.sort(key=place)


@pytest.fixture(scope="session")
def built() -> None:
    """Every image that services use, built where it is missing or out of date."""
    stack_of().dm("images", "build", timeout=3000)


@pytest.fixture(scope="session")
def exporter() -> str:
    """kompose's image, all that an export needs of the engine. It is built where it is missing."""
    return kompose_image(outside(), print)


@pytest.fixture(scope="session")
def shared(built: None) -> Iterator[Stack]:
    """The shared stack's name, with nothing of an earlier run left. It is removed at the end, whatever is in it."""
    stack = stack_of()
    stack.dm("down", "--volumes", "--yes")
    stack.reserve_ports()
    yield stack
    stack.remove()


@pytest.fixture
def stack(shared: Stack) -> Stack:
    """The shared stack, running and healthy within the smallest budget. A second `up` of what runs costs a second."""
    shared.dm("up", "--profile", "analytics", "--ram", SMALLEST)
    return shared


@pytest.fixture
def other(built: None) -> Iterator[Stack]:
    """A second stack, gone again after the test."""
    second = stack_of("-b")
    second.dm("down", "--volumes", "--yes")
    second.reserve_ports()
    yield second
    second.remove()
