"""What `dm k8s-export` and `dm k8s parity` print: every figure is counted, none stands there by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from datameesh_cli.core.k8s.fidelity import KeyVerdict
from datameesh_cli.core.k8s.rules import CONVERTED, DROPPED, REFUSED, REPAIRED, UNKNOWN
from datameesh_cli.core.parity import compare
from datameesh_cli.render.k8s import export_summary, print_export
from datameesh_cli.render.parity import print_parity
from datameesh_cli.usecases.compare_targets import ComparedTargets
from datameesh_cli.usecases.export_kubernetes import Export
from tests.unit.core.k8s.example import example


def _export(*verdicts: str) -> Export:
    conversion_report = tuple(
        KeyVerdict("web", f"key-{number}", verdict, "", "") for number, verdict in enumerate(verdicts)
    )
    return Export(Path("out"), {}, (), example(), conversion_report, (), (), 1.0, 1.5)


def test_each_verdict_is_counted_the_unknown_too(capsys: pytest.CaptureFixture[str]) -> None:
    print_export(_export(CONVERTED, CONVERTED, REPAIRED, DROPPED, DROPPED, DROPPED))
    assert "Compose keys: 2 converted, 1 repaired, 3 dropped, 0 refused, 0 unknown (" in capsys.readouterr().out
    odd = _export(UNKNOWN, UNKNOWN, REFUSED)
    print_export(odd)
    assert "Compose keys: 0 converted, 0 repaired, 0 dropped, 1 refused, 2 unknown (" in capsys.readouterr().out
    counted = {"converted": 0, "repaired": 0, "dropped": 0, "refused": 1, "unknown": 2}
    assert export_summary(odd, None)["keys"] == counted


def test_parity_says_what_neither_stack_was_asked(capsys: pytest.CaptureFixture[str]) -> None:
    facts = {"check/a": "not asked: needs data set flow; loaded: journey", "check/b": "1", "check/c": "1"}
    print_parity(ComparedTargets("datameesh", "the cluster", compare(facts, dict(facts), ()), 1.0))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "check 2 0 0" in lines
    assert "all 2 0 0" in lines
    assert "not asked of either, 1: needs data set flow; loaded: journey" in lines
