"""The checks of a folder are tests: pytest collects services/*/smoke.yaml and tests/journeys/*.yaml, one test for each data set
that a file speaks of. `services/minio` in the place of a path runs a service's checks, and its folder's own tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from glob import escape
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.applicability import Situation, why_not
from datameesh_cli.core.check import Check
from datameesh_cli.core.health import Container
from datameesh_cli.core.memory import parse_mib
from datameesh_cli.core.ram_plan import plan_ram
from datameesh_cli.usecases.plan_memory import plan_memory
from datameesh_cli.usecases.read_checks import read_checks
from tests.integration.apis import Apis
from tests.integration.stack import ROOT, SMALLEST, Stack

PROFILE = "analytics"
WITHOUT_A_SET = "small"
"""What is loaded for a file that speaks of no data set."""
BUILT_BY = {"flow": "run"}
"""Without its tests, because one of them is that no address repeats; every other set is built with them."""
WHOLE = ("journey", "small")
"""With these sets every check is run. With another, those that speak of it and not of both of these: what any data will do for
has been asked then."""


@dataclass(frozen=True)
class Verified:
    """What `dm verify` said of a stack of one profile with one data set, how many rows each table then had, and the containers
    before the set was loaded and after the checks."""

    results: tuple[dict[str, Any], ...]
    counts: dict[str, int]
    before: dict[str, Container]
    after: dict[str, Container]

    def of(self, file: str) -> tuple[dict[str, Any], ...]:
        """What it said of one file's checks."""
        return tuple(r for r in self.results if r["file"] == file)


@cache
def _checks() -> tuple[Check, ...]:
    return read_checks(adapters_for(), adapters_for().repository.model())


@cache
def _profile_of(folder: str) -> str:
    """The profile that a service's checks are run in: its own, or the one that holds nearly all."""
    model = adapters_for().repository.model()
    own = {s.profile for s in model.services if s.folder == folder} - set(model.closure([PROFILE]))
    return own.pop() if own else PROFILE


@cache
def _left_out(folder: str) -> bool:
    """Whether the smallest plan has nothing of a folder: then its checks are run where the APIs are."""
    model = adapters_for().repository.model()
    there = {s.service for s in plan_ram(model.of_profiles([PROFILE]), parse_mib(SMALLEST)).shares}
    own = {s.name for s in model.services if s.folder == folder}
    return bool(own) and not own & there


class Checks(pytest.File):
    """One file of checks."""

    def collect(self) -> Iterator[pytest.Function]:
        """A test for each data set."""
        file = self.path.relative_to(ROOT).as_posix()
        profile = _profile_of(self.path.parent.name)
        sets = {name for check in _checks() if check.file == file for name in check.sets if _is_of(check, name)}
        if _left_out(self.path.parent.name):

            def every_check_passes_there(apis: Apis) -> None:
                _require_well(r for r in apis.stack.verified(file) if r["file"] == file)

            yield pytest.Function.from_parent(self, name=WITHOUT_A_SET, callobj=every_check_passes_there)
            return
        for name in sorted(sets) or [WITHOUT_A_SET]:

            def every_check_passes(verified: Callable[[str, str], Verified], loaded: str = name) -> None:
                _require_well(verified(profile, loaded).of(file))

            yield pytest.Function.from_parent(self, name=name, callobj=every_check_passes)


def _require_well(of_file: Iterable[dict[str, Any]]) -> None:
    results = list(of_file)
    assert [(r["name"], r["why"]) for r in results if r["result"] == "failed"] == []
    assert "passed" in {r["result"] for r in results}, "none of its checks applied"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Checks | None:
    path = file_path.relative_to(ROOT).as_posix() if file_path.is_relative_to(ROOT) else ""
    service = path.startswith("services/") and path.endswith("/smoke.yaml") and path.count("/") == 2
    journey = path.startswith("tests/journeys/") and path.endswith(".yaml")
    return Checks.from_parent(parent, path=file_path) if service or journey else None


def _is_of(check: Check, name: str) -> bool:
    return name in check.sets and (name in WHOLE or not set(WHOLE) <= set(check.sets))


def _of(name: str, profile: str) -> list[Check]:
    """The checks that are run with a data set that is not checked whole, as far as they apply in the smallest plan."""
    planned = plan_memory(adapters_for(), (profile,), parse_mib(SMALLEST), elsewhere=True)
    situation = Situation("compose", planned.replicas, planned.plan.left_out, frozenset({name}))
    return [c for c in _checks() if _is_of(c, name) and not why_not(c, planned.model.services, situation)]


@pytest.fixture(scope="session")
def verified(shared: Stack, request: pytest.FixtureRequest) -> Callable[[str, str], Verified]:
    """Loads a data set into the shared stack of a profile, builds its marts and runs the checks: once, for all who ask."""
    found: dict[tuple[str, str], Verified] = {}
    items = [i for i in request.session.items if "verified" in getattr(i, "fixturenames", ())]
    all_files = not all(isinstance(i.parent, Checks) for i in items)

    def of(profile: str, name: str) -> Verified:
        if (profile, name) not in found:
            shared.dm("up", "--profile", profile, "--ram", SMALLEST)
            before = shared.containers()
            shared.dm("seed", "--set", name)
            shared.dm("dbt", BUILT_BY.get(name, "build"))
            counts = shared.json("seed", "--list")["counts"]
            if not all_files:
                asked = sorted({str(i.path.relative_to(ROOT)) for i in items if i.name == name})
            else:
                asked = [] if name in WHOLE else [escape(check.id) for check in _of(name, profile)]
            results = tuple(shared.verified(*asked))
            found[profile, name] = Verified(results, counts, before, shared.containers())
        return found[profile, name]

    return of
