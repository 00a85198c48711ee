"""Marks of what a verdict was found on, so that it is not taken for one on what stands there later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.repository import Repository


_PLATFORM = ("compose", "profiles", "services")
_REST = ("datameesh_cli", "dbt", "identity", "k8s-export", "seed", "requirements.lock")
_TESTS = ("conftest.py", "pyproject.toml", "requirements-test.lock", "tests")


def made_of(adapters: Adapters) -> str:
    """Return the mark of what containers are made of: fragments, images, configuration."""
    return adapters.repository.digest(_PLATFORM, checks=False)


def ran_on(adapters: Adapters, started: Any = None) -> str:
    """Return the mark of all that a check runs on but itself.

    With the plan in force, containers are what they were made of at the last `dm up`, whatever the folders say by now.
    """
    platform = str(started.get("made_of", "unknown")) if isinstance(started, dict) else made_of(adapters)
    return f"{platform}-{adapters.repository.digest(_REST)}"


def of_tests(repository: Repository) -> str:
    """Return the mark of all that a test runs on, the tests included."""
    return repository.digest((*_PLATFORM, *_REST, *_TESTS))
