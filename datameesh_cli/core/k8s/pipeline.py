"""The passes in an order that all of them allow. `passes(passes(x)) == passes(x)`: each makes its own part anew from the model.

A pass is found because it lies in `passes/`, and says itself what it runs after (`kubernetes_pass.py`).
"""

from __future__ import annotations

import importlib
import pkgutil
from graphlib import TopologicalSorter

from datameesh_cli.core.k8s import passes as folder
from datameesh_cli.core.k8s.kubernetes_pass import Applied, Pass
from datameesh_cli.core.k8s.objects import Objects, in_order
from datameesh_cli.core.k8s.source import Source


def _found() -> dict[str, Pass]:
    """Every module of the folder holds the pass that it is named after."""
    modules = {
        m.name: importlib.import_module(f"{folder.__name__}.{m.name}") for m in pkgutil.iter_modules(folder.__path__)
    }
    return {name: getattr(module, name) for name, module in modules.items()}


def _ordered(named: dict[str, Pass]) -> tuple[Pass, ...]:
    order = TopologicalSorter({name: one.after for name, one in sorted(named.items())}).static_order()
    return tuple(named[name] for name in order)


PASSES = _ordered(_found())
APPLIED: dict[str, tuple[Applied, int]] = {
    kind: (when, place) for one in PASSES for when, kinds in one.makes.items() for place, kind in enumerate(kinds)
}
"""When each kind is applied; kinds of one moment are in the order in which their pass names them."""


def passes(objects: Objects, source: Source) -> Objects:
    """Given kompose's draft (or what this made of it) and the source, return the objects of the export, in order."""
    for one in PASSES:
        objects = one(objects, source)
    return in_order(objects)
