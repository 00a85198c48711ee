"""Every pass against its golden: what it changes in or adds to the example. And each is idempotent, alone and all together."""

from __future__ import annotations

import copy

import pytest

from datameesh_cli.core.k8s.objects import identity
from datameesh_cli.core.k8s.pipeline import PASSES, passes
from datameesh_cli.core.k8s.target import Ingress, Target
from tests.unit.core.k8s.example import GOLDEN, against_golden, before, draft, example, one_pass

NAMES = [p.__name__ for p in PASSES]
EVERYTHING = example(
    target=Target(name="all", service_monitors=True, ingress=Ingress("mesh.example.org", "nginx", "ca"))
)


@pytest.mark.parametrize("name", NAMES)
def test_a_pass_gives_its_golden(name: str) -> None:
    given = {} if name == "adopt" else {identity(o): o for o in before(name, EVERYTHING)}
    made = one_pass(name, EVERYTHING)
    against_golden(name, tuple(o for o in made if given.get(identity(o)) != o))


@pytest.mark.parametrize("name", NAMES)
def test_a_pass_done_twice_is_done_once(name: str) -> None:
    once = one_pass(name, EVERYTHING)
    again = next(p for p in PASSES if p.__name__ == name)(once, EVERYTHING)
    assert sorted(again, key=identity) == sorted(once, key=identity)


@pytest.mark.parametrize("name", NAMES)
def test_a_pass_leaves_what_it_is_given_alone(name: str) -> None:
    given = before(name, EVERYTHING)
    kept = copy.deepcopy(given)
    next(p for p in PASSES if p.__name__ == name)(given, EVERYTHING)
    assert given == kept


def test_all_passes_done_twice_are_done_once() -> None:
    once = passes(draft(EVERYTHING), EVERYTHING)
    assert passes(once, EVERYTHING) == once


def test_each_golden_has_its_pass() -> None:
    assert sorted(p.stem for p in GOLDEN.glob("*.yaml")) == sorted(NAMES)
