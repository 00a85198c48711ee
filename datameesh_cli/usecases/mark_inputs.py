"""Marks of what a verdict was found on, so that it is not taken for one on what stands there later."""

from __future__ import annotations

from datameesh_cli.adapters.outside import Outside
from datameesh_cli.adapters.repository import Repository

_PLATFORM = ("compose", "profiles", "services")
_REST = ("datameesh_cli", "dbt", "k8s-export", "seed", "requirements.lock")
_TESTS = ("pyproject.toml", "requirements-test.lock", "tests")


def made_of(outside: Outside) -> str:
    """Return the mark of what containers are made of: fragments, images, configuration."""
    return outside.repository.digest(_PLATFORM, checks=False)


def ran_on(outside: Outside, platform: str = "") -> str:
    """Return the mark of all that a check runs on but itself; `platform` is the mark of what its containers were made of."""
    return f"{platform or made_of(outside)}-{outside.repository.digest(_REST)}"


def of_tests(repository: Repository) -> str:
    """Return the mark of all that a test runs on, the tests included."""
    return repository.digest((*_PLATFORM, *_REST, *_TESTS))
