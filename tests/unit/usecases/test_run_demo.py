"""`dm demo`: its steps in order, and what it shows in the end. Each step has tests of its own."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datameesh_cli.adapters.trino import QueryResult, ResultColumn
from datameesh_cli.core.dbt_results import Summary
from datameesh_cli.errors import SqlError, UnhealthyError
from datameesh_cli.render.demo import told_line
from datameesh_cli.usecases import run_demo as module
from datameesh_cli.usecases.run_dbt import DbtRun
from datameesh_cli.usecases.run_demo import Demo, ToldTo, run_demo
from datameesh_cli.usecases.seed_data import Seeded
from datameesh_cli.usecases.seed_lake import SeededLake
from tests.contract.repo import ROOT
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

    def told(self, told: ToldTo) -> None:
        self.heard.append(told_line(told))

    building = built = states = rows = report


QUERIES = {
    "one-row": "-- A row.\n-- dm demo asks as: admin, alex, who-went\nSELECT ssn FROM people",
    "others": "-- Not of the demo.\nSELECT 2",
    "writes": "-- A write.\n-- dm demo asks as: marketing_team\nINSERT INTO people",
}


def _asked(text: str, user: str = "") -> QueryResult:
    """A Trino that masks for alex and takes no write."""
    if text == "SELECT 1":
        return ANSWER
    if text == "INSERT INTO people":
        raise SqlError("Access Denied: Cannot insert into table people")
    assert text == "SELECT ssn FROM people"
    ssn = "123-45-6789" if user == "admin" else "***-**-6789"
    return QueryResult((ResultColumn("ssn", "varchar"),), ((ssn, user),))


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
    monkeypatch.setattr(module, "DATA_SET", "a-journey")
    step("trino_of", SimpleNamespace(query=_asked))
    step("run_dbt", lambda arguments, *_: DbtRun(tuple(arguments), 0, (), summary))
    step("list_places", ())
    adapters, _ = fake_adapters(root, FakeEngine())
    shutil.copytree(ROOT / "identity", root / "identity")
    folder = root / "services" / "web" / "queries"
    folder.mkdir()
    for name, text in {"a-journey": "SELECT 1", **QUERIES}.items():
        (folder / f"{name}.sql").write_text(text)
    return run_demo(adapters, 2048, yes=True, timeout=60, narrator=narrator)  # type: ignore[arg-type]


def test_the_answer_is_told_before_the_lake_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    narrator, summary = ProgressReporter(), object.__new__(Summary)
    demo = _shown(tmp_path, monkeypatch, narrator, summary)
    done = [line for line in narrator.heard if not line.startswith("[")]
    assert done == [
        *("prepare_host ('install', True)", "start_profile", "seed_data", "trino_of", "the answer"),
        *("admin sees: 123-45-6789, admin", "alex sees: ***-**-6789, alex"),
        "marketing_team is refused: Access Denied: Cannot insert into table people",
        *("seed_data", "run_dbt", "run_dbt", "list_places"),
    ]
    assert len(narrator.heard) - len(done) == 7, "a title for each step"
    assert (demo.answer, demo.seeded.seconds) == (ANSWER, 4.0)
    assert demo.seeded.lake is not None
    assert [told.person for told in demo.told] == ["admin", "alex", "marketing_team"], "nobody who went"
    assert demo.seed_models is demo.other_models is summary


def test_a_dbt_that_did_nothing_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnhealthyError, match="dbt ended without a result"):
        _shown(tmp_path, monkeypatch, ProgressReporter(), None)
