"""`dm k8s parity`: what is compared of the two stacks. Each is observed by scripts here."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datameesh_cli.adapters.image_builder import Present
from datameesh_cli.core.cluster import AppliedExport as There
from datameesh_cli.usecases import compare_targets as module
from datameesh_cli.usecases.compare_targets import ComparedTargets, compare_targets
from datameesh_cli.usecases.open_target import ChosenCluster
from tests.fakes.adapters import FakeEngine, fake_adapters
from tests.fakes.values import a_container


def _compared(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    here: dict[str, str],
    there: dict[str, str],
    declared: str = "differences: []",
) -> ComparedTargets:
    adapters, _ = fake_adapters(root, FakeEngine([a_container("web", image_id="sha256:1")]))
    (root / "k8s-export").mkdir()
    (root / "k8s-export" / "parity.yaml").write_text(declared)
    planned = SimpleNamespace(model=None, plan=SimpleNamespace(profiles=(), budget=1), source="what runs on 'x'")
    seen = {"compose": here, "kubernetes": there}

    def opened(kind: str) -> Any:
        target = SimpleNamespace(kind=kind, cluster=There("", (), (), ()))
        return lambda *_: SimpleNamespace(planned=planned, target=target)

    source = SimpleNamespace(parts=[], content=None)
    monkeypatch.setattr(module, "open_compose", opened("compose"))
    monkeypatch.setattr(module, "open_kubernetes", opened("kubernetes"))
    monkeypatch.setattr(module, "read_checks", lambda *_: ())
    monkeypatch.setattr(module, "read_databases", lambda *_: {})
    monkeypatch.setattr(module, "read_source", lambda *_: SimpleNamespace(source=source))
    monkeypatch.setattr(module, "observe_stack", lambda o, *_: dict(seen[o.target.kind]))
    monkeypatch.setattr(module, "images_of", lambda *_: {"i": Present("sha256:1", 1, "", "", "")})
    return compare_targets(adapters, ChosenCluster("x"), lambda _: None)


def test_the_same_facts_are_parity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = _compared(tmp_path, monkeypatch, {"schema/a": "1"}, {"schema/a": "1"})
    assert (compared.compose, compared.kubernetes) == ("datameesh", "what runs on 'x'")
    assert not compared.parity.undeclared
    assert dict(compared.parity.same) == {"schema": 1}


def test_a_difference_counts_unless_it_is_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = _compared(tmp_path, monkeypatch, {"schema/a": "1"}, {"schema/a": "2"})
    assert [d.fact for d in compared.parity.undeclared] == ["schema/a"]


def test_a_declared_difference_is_told_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = 'differences: [{of: "schema/*", because: it is meant}]'
    compared = _compared(tmp_path, monkeypatch, {"schema/a": "1"}, {"schema/a": "2"}, declared)
    assert compared.parity.undeclared == ()
    assert [d.because for d in compared.parity.differences] == ["it is meant"]
