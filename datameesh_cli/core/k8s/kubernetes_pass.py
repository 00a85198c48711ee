"""What a pass says of itself: which kinds it makes, when those are applied, and which passes it runs after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from datameesh_cli.core.k8s.objects import Objects
from datameesh_cli.core.k8s.source import Source

Change = Callable[[Objects, Source], Objects]


class Applied(IntEnum):
    """When a kind is applied. What must be there first comes first: quotas and policies before the pods that they bind."""

    NAMESPACE = 0
    CLUSTER = 1
    LIMITS = 2
    IDENTITY = 3
    RULES = 4
    FILES = 5
    CLAIMS = 6
    NAMES = 7
    WORKLOADS = 8
    AROUND = 9
    MONITORING = 10
    WAYS_IN = 11


@dataclass(frozen=True, slots=True)
class Pass:
    """A step from kompose's draft to the export. It changes the objects in one respect, and done twice it is done once."""

    name: str
    change: Change
    makes: Mapping[Applied, tuple[str, ...]] = field(default_factory=dict)
    after: tuple[str, ...] = ()

    def __call__(self, objects: Objects, source: Source) -> Objects:
        return self.change(objects, source)


def kubernetes_pass(
    makes: Mapping[Applied, tuple[str, ...]] | None = None, after: tuple[str, ...] = ()
) -> Callable[[Change], Pass]:
    """Given the kinds that a function makes anew, and the names of the passes whose result it reads, make a pass of it."""

    def declared(change: Change) -> Pass:
        return Pass(change.__name__, change, dict(makes or {}), after)

    return declared
