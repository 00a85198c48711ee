"""`dm dbt`: what a job is given, what is kept of it, and which exit code its end becomes. The job itself is scripted here."""

from __future__ import annotations

import json
import os
import pwd
import re
import stat
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.errors import DmError, HostError, UnhealthyError, UserError
from datameesh_cli.usecases.run_dbt import (
    LOCK,
    DbtRun,
    diagnose_project,
    docs_coverage,
    last_summary,
    require_success,
    run_dbt,
)
from tests.fakes.adapters import FakeEngine, fake_adapters
from tests.fakes.values import a_container

FRAGMENT = """\
services:
  dbt:
    image: ${DBT_IMAGE:-datameesh/dbt:1}
    profiles: [job]
    x-datameesh:
      {namespace: data-platform, layer: transformation, owner: platform-team, kind: job, profile: analytics,
       provides: [transformation], ram: {min: 1, want: 2}}
"""
MODEL = "model.datameesh.m"
RUNNING = (a_container("web"),)


def _results(status: str, invocation: str = "a", message: str = "") -> dict[str, Any]:
    return {
        "metadata": {"invocation_id": invocation},
        "args": {"which": "run"},
        "elapsed_time": 1.0,
        "results": [
            {"unique_id": MODEL, "status": status, "execution_time": 1.0, "adapter_response": {}, "message": message}
        ],
    }


MANIFEST = {
    "nodes": {
        MODEL: {
            "resource_type": "model",
            "name": "m",
            "description": "An m.",
            "columns": {},
            "original_file_path": "models/m.sql",
        }
    }
}


class ScriptedJob:
    """What Compose's `run_job` does here: it prints lines, leaves artifacts in the mounted folder and ends with a code."""

    def __init__(self, lines: Sequence[str] = (), artifacts: Mapping[str, Any] | None = None, code: int = 0) -> None:
        self.lines, self.artifacts, self.code = lines, artifacts or {}, code
        self.asked: dict[str, Any] = {}
        self.project: dict[str, tuple[str, int]] = {}

    def run_job(
        self, service: str, command: Sequence[str], *, env: Mapping[str, str], volumes: Sequence[str]
    ) -> Generator[str, None, int]:
        self.asked = {"service": service, "command": list(command), "env": dict(env), "volumes": list(volumes)}
        project, state = (Path(v.split(":")[0]) for v in volumes)
        self.project = {
            str(p.relative_to(project)): (p.read_text(), stat.S_IMODE(p.stat().st_mode))
            for p in project.rglob("*")
            if p.is_file()
        }
        for name, content in self.artifacts.items():
            (state / "target" / name).write_text(json.dumps(content))
        yield from self.lines
        return self.code


def _world(root: Path, job: ScriptedJob, *containers: Any, missing: Sequence[str] = ()) -> Adapters:
    engine = FakeEngine(containers)
    engine.missing = set(missing)
    adapters, _ = fake_adapters(root, engine)
    folder = root / "services" / "dbt"
    if not folder.exists():
        folder.mkdir()
        (folder / "compose.yaml").write_text(FRAGMENT)
        (root / "dbt" / "models").mkdir(parents=True)
        (root / "dbt" / "dbt_project.yml").write_text("name: datameesh\n")
        (root / "dbt" / "models" / "m.sql").write_text("select 1\nfrom {{ source('sales', 'ordres') }}\n")
    return replace(adapters, compose=job)  # type: ignore[arg-type]


def _run(adapters: Adapters, *arguments: str) -> DbtRun:
    return run_dbt(adapters, arguments, lambda _line: None)


def test_the_job_sees_a_readable_copy_of_the_project_and_the_state_folder(tmp_path: Path) -> None:
    job = ScriptedJob(["hello"], {"run_results.json": _results("success"), "manifest.json": MANIFEST})
    adapters = _world(tmp_path, job, *RUNNING)
    (tmp_path / "dbt" / "models" / "m.sql").chmod(0o600)
    seen: list[str] = []
    run = run_dbt(adapters, ["run"], seen.append)
    assert seen == ["hello"]
    assert job.asked["command"] == ["run"]
    assert job.asked["env"] == {"DBT_WORK": "/state"}
    assert job.asked["volumes"][0].endswith(":/dbt:ro")
    assert job.project["models/m.sql"][1] == 0o644
    assert run.summary is not None
    assert run.summary.models.passed == 1
    assert stat.S_IMODE((adapters.state.folder / "dbt" / "target").stat().st_mode) == 0o777
    assert not list((adapters.state.folder / "dbt").glob("project-*")), "the copy is gone after the run"
    require_success(run)


def test_results_of_an_earlier_run_are_not_taken_for_those_of_this_one(tmp_path: Path) -> None:
    job = ScriptedJob([], {"run_results.json": _results("success"), "manifest.json": MANIFEST})
    adapters = _world(tmp_path, job, *RUNNING)
    assert _run(adapters, "run").summary is not None
    job.artifacts = {}
    assert _run(adapters, "run").summary is None


def test_the_newest_outcome_of_each_node_is_remembered(tmp_path: Path) -> None:
    job = ScriptedJob([], {"run_results.json": _results("success"), "manifest.json": MANIFEST})
    adapters = _world(tmp_path, job, *RUNNING)
    _run(adapters, "run")
    job.artifacts = {"run_results.json": _results("error", "b", "broken"), "manifest.json": MANIFEST}
    _run(adapters, "run")
    (outcome,) = last_summary(adapters)
    assert (outcome["outcome"], outcome["message"]) == ("error", "broken")
    assert outcome["by"] == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize(
    ("lines", "artifacts", "code", "error", "words"),
    [
        ([], {"run_results.json": _results("error", message="no such column")}, 1, UnhealthyError, "no such column"),
        (["Usage: dbt run [OPTIONS]", "Error: No such option '--x'."], {}, 2, UserError, "No such option"),
        (["01:02:03  Compilation Error", "  unexpected '}'"], {}, 2, UserError, "unexpected '}'"),
        (["Database Error", "  Max retries exceeded with url"], {}, 2, UnhealthyError, "could not be reached"),
        (["Killed"], {}, 137, UnhealthyError, "exit code 137"),
        (["01:02:03  The selection criterion 'x' does not match any enabled nodes"], {}, 0, UserError, "criterion 'x'"),
    ],
)
def test_how_the_end_of_a_run_is_told(
    tmp_path: Path, lines: list[str], artifacts: dict[str, Any], code: int, error: type[DmError], words: str
) -> None:
    run = _run(_world(tmp_path, ScriptedJob(lines, artifacts | {"manifest.json": MANIFEST}, code), *RUNNING), "run")
    with pytest.raises(error, match=words):
        require_success(run)


def test_without_trino_nothing_is_started_except_what_only_reads(tmp_path: Path) -> None:
    job = ScriptedJob()
    adapters = _world(tmp_path, job)
    with pytest.raises(UnhealthyError, match="web does not run, and dbt builds through it"):
        _run(adapters, "run")
    assert job.asked == {}
    _run(adapters, "parse")
    assert job.asked["command"] == ["parse"]


def test_without_the_image_the_host_is_to_blame(tmp_path: Path) -> None:
    adapters = _world(tmp_path, ScriptedJob(), *RUNNING, missing=["datameesh/dbt:1"])
    with pytest.raises(HostError, match="not built"):
        _run(adapters, "run")


def test_without_a_project_the_user_is_told_how_to_restore_it(tmp_path: Path) -> None:
    adapters = _world(tmp_path, ScriptedJob(), *RUNNING)
    (tmp_path / "dbt" / "dbt_project.yml").unlink()
    with pytest.raises(UserError, match=r"dbt_project\.yml is missing"):
        _run(adapters, "run")


def test_the_doctor_names_file_and_line(tmp_path: Path) -> None:
    lines = [
        "Compilation Error",
        "  Model 'm' (models/m.sql) depends on a source named 'sales.ordres' which was not found",
    ]
    diagnosis = diagnose_project(_world(tmp_path, ScriptedJob(lines, code=2)))
    assert [(p.file, p.line) for p in diagnosis.problems] == [("dbt/models/m.sql", 2)]


def test_the_doctor_counts_a_project_that_is_well(tmp_path: Path) -> None:
    diagnosis = diagnose_project(_world(tmp_path, ScriptedJob(artifacts={"manifest.json": MANIFEST})))
    assert (diagnosis.problems, diagnosis.found) == ((), "1 models, 0 tests, 0 unit tests")


def test_coverage_and_results_say_what_to_run_first(tmp_path: Path) -> None:
    adapters = _world(tmp_path, ScriptedJob())
    for ask in (docs_coverage, last_summary):
        with pytest.raises(UserError) as refused:
            ask(adapters)
        assert refused.value.hint.startswith("run: dm dbt")


def test_a_second_dbt_is_refused_and_told_who_is_at_work(tmp_path: Path) -> None:
    job = ScriptedJob(["hello"], {"run_results.json": _results("success"), "manifest.json": MANIFEST})
    adapters = _world(tmp_path, job, *RUNNING)
    with adapters.state.locked("dbt build", LOCK):
        with pytest.raises(HostError, match=r"'dm dbt build' \(process \d+\) is working on stack"):
            run_dbt(adapters, ["run"], lambda _line: None)
    assert job.asked == {}
    with adapters.state.locked("seed"):  # another command of the stack does not stop it
        run_dbt(adapters, ["run"], lambda _line: None)
    assert job.asked["command"] == ["run"]


@pytest.mark.parametrize("place", ["dbt", "dbt/target", "dbt/logs"])
def test_a_folder_of_the_job_that_became_a_link_is_refused(tmp_path: Path, place: str) -> None:
    """The job's own user may put anything there: root's dm would open, or let everybody write, what the link leads to."""
    adapters = _world(tmp_path, ScriptedJob(), *RUNNING)
    victim = tmp_path / "victim"
    victim.mkdir(mode=0o700)
    link = adapters.state.folder / place
    link.parent.mkdir(parents=True)
    link.symlink_to(victim)
    with pytest.raises(HostError, match=re.escape(str(link))):
        run_dbt(adapters, ["run"], lambda _line: None)
    assert stat.S_IMODE(victim.stat().st_mode) == 0o700
    assert list(victim.iterdir()) == []


def test_nothing_is_written_through_a_link_of_the_job(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")

    class Planting(ScriptedJob):
        def run_job(self, *args: Any, **how: Any) -> Generator[str, None, int]:
            code = yield from super().run_job(*args, **how)
            state = Path(how["volumes"][1].split(":")[0])
            for name in ("results.json.part", "results.json", "target/results.json"):
                (state / name).symlink_to(victim)
            return code

    job = Planting([], {"run_results.json": _results("success"), "manifest.json": MANIFEST})
    adapters = _world(tmp_path, job, *RUNNING)
    run_dbt(adapters, ["run"], lambda _line: None)
    assert victim.read_text() == "precious"
    assert [e["name"] for e in last_summary(adapters)] == ["m"]


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_nothing_is_read_through_a_link_of_the_job(tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps(_results("error", "b", "a secret of root")))

    class Planting(ScriptedJob):
        def run_job(self, *args: Any, **how: Any) -> Generator[str, None, int]:
            code = yield from super().run_job(*args, **how)
            place = Path(how["volumes"][1].split(":")[0]) / "target" / "run_results.json"
            place.symlink_to(secret) if kind == "link" else os.mkfifo(place)
            return code

    with pytest.raises(HostError, match=r"run_results\.json") as caught:
        run_dbt(_world(tmp_path, Planting(), *RUNNING), ["run"], lambda _line: None)
    assert "secret of root" not in str(caught.value)
