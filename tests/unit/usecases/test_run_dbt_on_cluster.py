"""`dm dbt --context`: what the pod is told to run, and what is read back from the end of its log."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.adapters.dbt_files import DbtFiles
from datameesh_cli.adapters.target import ReachedStack
from datameesh_cli.core.ram_plan import plan_ram
from datameesh_cli.errors import UnhealthyError
from datameesh_cli.usecases.open_target import Opened
from datameesh_cli.usecases.plan_memory import Planned
from datameesh_cli.usecases.run_dbt import require_success, run_dbt_on_cluster
from tests.fakes.values import smallest_mesh

MODEL = "model.datameesh.m"
MANIFEST = {"nodes": {MODEL: {"resource_type": "model", "name": "m", "original_file_path": "models/m.sql"}}}


def _results(status: str) -> dict[str, Any]:
    result = {
        "unique_id": MODEL,
        "status": status,
        "execution_time": 1.0,
        "adapter_response": {},
        "message": "no such column",
    }
    return {"metadata": {}, "args": {"which": "build"}, "elapsed_time": 2.0, "results": [result]}


def _packed(**files: dict[str, Any]) -> str:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            data = json.dumps(content).encode()
            entry = tarfile.TarInfo(f"{name}.json")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return base64.b64encode(buffer.getvalue()).decode()


@dataclass
class FakeJobs:
    """A stack whose job prints these lines and ends with this code."""

    lines: Sequence[str]
    code: int = 0
    running: frozenset[str] = frozenset({"trino-coordinator"})
    asked: list[Any] = field(default_factory=list)

    def run_job(self, service: str, arguments: Sequence[str], command: Sequence[str] = ()) -> Generator[str, None, int]:
        self.asked += [service, list(arguments), list(command)]
        yield from self.lines
        return self.code


def _run(jobs: FakeJobs, *arguments: str) -> tuple[Any, list[str]]:
    told: list[str] = []
    plan = plan_ram((), 1, ())
    opened = Opened(Planned(smallest_mesh(), (), plan, (), "", {}), cast(ReachedStack, jobs))
    return run_dbt_on_cluster(adapters_for(), opened, arguments, told.append), told


def test_the_summary_is_read_from_the_end_of_the_log_and_nobody_sees_it_there() -> None:
    packed = _packed(run_results=_results("success"), manifest=MANIFEST)
    jobs = FakeJobs(["1 of 1 START", "1 of 1 OK", f"dm-artifacts: {packed}"])
    run, told = _run(jobs, "build", "--select", "m")
    assert told == ["1 of 1 START", "1 of 1 OK"] == list(run.lines)
    assert (run.code, run.summary.models.total, run.summary.models.passed) == (0, 1, 1)
    service, arguments, command = jobs.asked
    assert (service, arguments) == ("dbt", ["build", "--select", "m"])
    assert command[:2] == ["sh", "-c"]
    assert command[3:] == ["dbt"], "the name of the script; the job's arguments follow"
    require_success(run)


def test_a_model_that_fails_is_named() -> None:
    packed = _packed(run_results=_results("error"), manifest=MANIFEST)
    run, _ = _run(FakeJobs([f"dm-artifacts: {packed}"], code=1), "build")
    with pytest.raises(UnhealthyError, match=r"1 failed, first model m \(dbt/models/m.sql\): no such column"):
        require_success(run)


def test_a_run_that_got_as_far_as_no_model_has_no_summary() -> None:
    run, _ = _run(FakeJobs(["Connection refused"], code=1), "build")
    assert run.summary is None
    with pytest.raises(UnhealthyError, match="the SQL engine could not be reached"):
        require_success(run)


def test_without_trino_nothing_is_started() -> None:
    jobs = FakeJobs([], running=frozenset())
    with pytest.raises(UnhealthyError, match="trino-coordinator does not run, and dbt"):
        _run(jobs, "build")
    assert jobs.asked == []


@pytest.mark.parametrize("text", ["", "!!", base64.b64encode(b"no archive").decode()])
def test_artifacts_that_cannot_be_read_are_none(text: str) -> None:
    assert DbtFiles.unpacked(text) == {}
