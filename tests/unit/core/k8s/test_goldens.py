"""Every pass against its golden: what it changes in or adds to the example. And each is idempotent, alone and all together."""

from __future__ import annotations

import copy
import random

import pytest

from datameesh_cli.core.k8s.kubernetes_pass import Pass
from datameesh_cli.core.k8s.objects import identity, in_order
from datameesh_cli.core.k8s.pipeline import APPLIED, PASSES, passes
from datameesh_cli.core.k8s.target import Ingress, Target
from tests.unit.core.k8s.example import GOLDEN, against_golden, before, draft, example, one_pass

NAMES = [p.name for p in PASSES]
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
    again = next(p for p in PASSES if p.name == name)(once, EVERYTHING)
    assert sorted(again, key=identity) == sorted(once, key=identity)


@pytest.mark.parametrize("name", NAMES)
def test_a_pass_leaves_what_it_is_given_alone(name: str) -> None:
    given = before(name, EVERYTHING)
    kept = copy.deepcopy(given)
    next(p for p in PASSES if p.name == name)(given, EVERYTHING)
    assert given == kept


def test_all_passes_done_twice_are_done_once() -> None:
    once = passes(draft(EVERYTHING), EVERYTHING)
    assert passes(once, EVERYTHING) == once


def test_each_golden_has_its_pass() -> None:
    assert sorted(p.stem for p in GOLDEN.glob("*.yaml")) == sorted(NAMES)


def _an_order(chance: random.Random) -> list[Pass]:
    """One of the orders that `after` allows."""
    left = {p.name: p for p in PASSES}
    order = []
    while left:
        ready = [name for name, one in left.items() if not left.keys() & {*one.after}]
        order.append(left.pop(chance.choice(sorted(ready))))
    return order


@pytest.mark.parametrize("seed", range(20))
def test_every_order_that_the_passes_allow_gives_the_same_export(seed: int) -> None:
    objects = draft(EVERYTHING)
    for one in _an_order(random.Random(seed)):
        objects = one(objects, EVERYTHING)
    assert in_order(objects) == passes(draft(EVERYTHING), EVERYTHING)


def test_kinds_are_applied_in_the_order_that_their_passes_say() -> None:
    kinds = sorted(APPLIED, key=lambda kind: APPLIED[kind])
    assert kinds == [
        *("Namespace", "PriorityClass", "ResourceQuota", "LimitRange", "ServiceAccount", "Role", "RoleBinding"),
        *(
            "NetworkPolicy",
            "ConfigMap",
            "SealedSecret",
            "PersistentVolumeClaim",
            "Service",
            "Deployment",
            "StatefulSet",
            "Job",
        ),
        *("HorizontalPodAutoscaler", "PodDisruptionBudget", "ServiceMonitor", "Ingress"),
    ]
    assert {o["kind"] for o in passes(draft(EVERYTHING), EVERYTHING)} <= {*APPLIED}
