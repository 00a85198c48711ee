"""The passes over the whole repository, without an engine: a stand-in for kompose, and the stages that need nothing.

What the export is, row by row and with the real kompose, is asserted in tests/integration/test_k8s_rows.py; that the stand-in says
what kompose says, in tests/integration/test_k8s_kompose.py.
"""

from __future__ import annotations

from functools import cache

import pytest

from datameesh_cli.adapters import kubernetes_schema, yaml_text
from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.k8s.fidelity import conversion_report, refuse_lost
from datameesh_cli.core.k8s.graph import graph_problems
from datameesh_cli.core.k8s.packaging import layout
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.core.k8s.rules import CONVERTED, DROPPED, REPAIRED
from datameesh_cli.core.k8s.source import Source
from datameesh_cli.usecases.read_source import TargetRequest, read_source
from tests.contract.repo import ROOT
from tests.unit.core.k8s.example import draft

TARGETS = sorted(p.stem for p in (ROOT / "k8s-export" / "targets").glob("*.yaml"))
BUDGETS = [1536, 3072, 6144, 8192]


@cache
def _source(profile: str = "analytics", ram: int = 6144, target: str = "kind") -> Source:
    return read_source(adapters_for(), (profile,), ram, TargetRequest(target)).source


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("ram", BUDGETS)
@pytest.mark.parametrize("profile", ["core", "analytics"])
def test_each_profile_budget_and_target_passes_schema_and_graph(profile: str, ram: int, target: str) -> None:
    source = _source(profile, ram, target)
    objects = passes(draft(source), source)
    assert kubernetes_schema.problems(objects) == []
    assert graph_problems(objects) == []
    refuse_lost(conversion_report(source))


@pytest.mark.parametrize("target", TARGETS)
def test_the_passes_over_the_whole_repository_are_idempotent_and_deterministic(target: str) -> None:
    source = _source(target=target)
    once = passes(draft(source), source)
    assert passes(once, source) == once
    texts = [
        {p: yaml_text.dump_all(d) for p, d in layout(o).items()} for o in (once, passes(draft(source)[::-1], source))
    ]
    assert texts[0] == texts[1]


def test_every_compose_key_has_its_fate() -> None:
    found = conversion_report(_source())
    assert len(found) > 100
    assert {f.verdict for f in found} == {CONVERTED, REPAIRED, DROPPED}
