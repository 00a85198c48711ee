"""`dm demo`: its steps in order, and what it shows in the end. Each step has tests of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datameesh_cli.adapters.trino import QueryResult, ResultColumn
from datameesh_cli.core.dbt_results import Summary
from datameesh_cli.errors import UnhealthyError
from datameesh_cli.usecases import run_demo as module
from datameesh_cli.usecases.run_dbt import DbtRun
from datameesh_cli.usecases.run_demo import Demo, run_demo
from datameesh_cli.usecases.seed_data import Seeded
from datameesh_cli.usecases.seed_lake import SeededLake
from tests.fakes.adapters import FakeEngine, fake_adapters

ANSWER = QueryResult((ResultColumn("n", "bigint"),), ((1,),))


@dataclass
class ProgressReporter:
    """Writes down what it hears."""

    heard: list[str] = field(default_factory=list)

    def step(self, title: str) -> None:
        self.heard.append(f"[{title}]")

    def report(self, line: str) -> None:
        self.heard.append(line)

    def answered(self, answer: QueryResult, seconds: float) -> None:
        assert answer is ANSWER
        self.heard.append("the answer")

    def dbt(self, line: str) -> None:
        self.heard.append(line)

    building = built = states = rows = report


def _shown(root: Path, monkeypatch: pytest.MonkeyPatch, narrator: ProgressReporter, summary: Summary | None) -> Demo:
    def step(name: str, result: Any) -> None:
        def run(_world: object, *arguments: Any, **options: Any) -> Any:
            narrator.heard.append(name + "".join(f" {o}" for o in options.items() if o[0] == "install"))
            return result(*arguments) if callable(result) else result

        monkeypatch.setattr(module, name, run)

    lake = SeededLake(True, {}, 4, 1.0)
    step("prepare_host", None)
    step("start_profile", SimpleNamespace(planned="the plan"))
    step("seed_data", lambda asked, *_: Seeded("journey", 1, (), lake if asked.lake else None, 2.0))
    step("named_script", SimpleNamespace(statements=[SimpleNamespace(text="SELECT 1")]))
    step("trino_of", SimpleNamespace(query=lambda text: ANSWER if text == "SELECT 1" else None))
    step("run_dbt", lambda arguments, *_: DbtRun(tuple(arguments), 0, (), summary))
    step("list_places", ())
    adapters, _ = fake_adapters(root, FakeEngine())
    return run_demo(adapters, 2048, yes=True, timeout=60, narrator=narrator)  # type: ignore[arg-type]


def test_the_answer_is_told_before_the_lake_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    narrator, summary = ProgressReporter(), object.__new__(Summary)
    demo = _shown(tmp_path, monkeypatch, narrator, summary)
    done = [line for line in narrator.heard if not line.startswith("[")]
    assert done == [
        *("prepare_host ('install', True)", "start_profile", "seed_data", "named_script", "trino_of", "the answer"),
        *("seed_data", "run_dbt", "run_dbt", "list_places"),
    ]
    assert len(narrator.heard) - len(done) == 6, "a title for each step"
    assert (demo.answer, demo.seeded.seconds) == (ANSWER, 4.0)
    assert demo.seeded.lake is not None
    assert demo.seed_models is demo.other_models is summary


def test_a_dbt_that_did_nothing_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnhealthyError, match="dbt ended without a result"):
        _shown(tmp_path, monkeypatch, ProgressReporter(), None)
