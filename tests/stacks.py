"""The shared stack: built, started once within the smallest budget, used by every folder's tests, removed at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.health import Container
from datameesh_cli.usecases.export_kubernetes import kompose_image
from tests.integration.apis import UP, Apis
from tests.integration.stack import ROOT, SMALLEST, Stack, fresh_stack, stack_of

ENGINES = {"stack", "shared", "other", "built", "exporter", "verified", "apis"}
"""The fixtures that need a container engine."""
_AS_UP_LEFT_IT = pytest.StashKey[dict[str, Container]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = ROOT / "tests" / "integration"
    for item in items:
        if item.path.is_relative_to(folder) or ENGINES & _asked(item):
            item.add_marker("docker")
            if not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(900))
    items.sort(key=_place)


def _asked(item: pytest.Item) -> set[str]:
    """The fixtures of a test; a parameter of the same name is none."""
    callspec = getattr(item, "callspec", None)
    return set(getattr(item, "fixturenames", ())) - set(callspec.params if callspec else ())


def _place(item: pytest.Item) -> int:
    """What needs no engine comes first, then the shared stack: those who find it running as it is, those who change it, and
    those who have stacks of their own. Otherwise tests stay in the order of their folders."""
    asked = _asked(item)
    if not item.get_closest_marker("docker"):
        return 0
    return 1 if {"stack", "verified"} & asked and "other" not in asked else 2 if "shared" in asked else 3


@pytest.fixture(scope="session")
def built() -> None:
    """Every image that services use, built where it is missing or out of date."""
    stack_of().dm("images", "build", timeout=3000)


@pytest.fixture(scope="session")
def exporter() -> str:
    """kompose's image, all that an export needs of the engine. It is built where it is missing."""
    return kompose_image(adapters_for(), print)


@pytest.fixture(scope="session")
def shared(built: None) -> Iterator[Stack]:
    """The shared stack's name, with nothing of an earlier run left. It is removed at the end, whatever is in it."""
    with fresh_stack() as stack:
        yield stack


@pytest.fixture
def stack(shared: Stack, request: pytest.FixtureRequest) -> Stack:
    """The shared stack, running and healthy within the smallest budget. `up` takes seconds, also of what runs: it is left out
    while the containers are those that it left, each running since then and healthy."""
    known = request.config.stash.get(_AS_UP_LEFT_IT, None)
    if known is None or known != shared.containers():
        shared.dm("up", "--profile", "analytics", "--ram", SMALLEST)
        request.config.stash[_AS_UP_LEFT_IT] = shared.containers()
    return shared


@pytest.fixture(scope="session")
def apis(built: None) -> Iterator[Apis]:
    """A stack of the domains' APIs and what they take, without the query engine, with set small: the smallest plan has no API."""
    with fresh_stack("-a") as stack:
        stack.dm(*UP)
        stack.dm("seed", "--set", "small", "--no-lake")
        yield Apis(stack)


@pytest.fixture
def tidy(apis: Apis) -> Iterator[Apis]:
    """The APIs; what a test adds is gone afterwards."""
    yield apis
    apis.without_new_orders()


@pytest.fixture
def other(built: None) -> Iterator[Stack]:
    """A second stack, gone again after the test."""
    with fresh_stack("-b") as second:
        yield second
