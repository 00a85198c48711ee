"""1 is a bug of ours and nothing else: what dbt, docker and pytest end in becomes one of our own codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from datameesh_cli import cli
from datameesh_cli.commands import dbt
from tests.contract.repo import ROOT
from tests.unit.usecases.test_run_dbt import MANIFEST, ScriptedJob, _world


@pytest.mark.parametrize(
    ("job", "code"),
    [
        (ScriptedJob(["Compilation Error", "  Model 'm' (models/m.sql) depends on nothing"], code=2), 2),
        (ScriptedJob(artifacts={"manifest.json": MANIFEST}), 0),
    ],
    ids=["a problem", "none"],
)
def test_a_dbt_project_with_a_problem_is_the_user_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job: ScriptedJob, code: int
) -> None:
    adapters = _world(tmp_path, job)
    monkeypatch.setattr(dbt, "adapters_for", lambda _: adapters)
    monkeypatch.setattr(sys, "argv", ["dm", "dbt", "doctor"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert (ended.value.code or 0) == code


@pytest.mark.parametrize(
    ("args", "of_program", "code", "says"),
    [
        (["logs"], 1, 3, "docker could not print the logs (its exit code 1)"),
        (["logs"], 0, 0, ""),
        (["shell", "sales-db", "false"], 1, 1, ""),
    ],
)
def test_docker_s_failure_is_the_host_s_and_what_runs_in_a_shell_ends_as_it_ends(
    tmp_path: Path, args: list[str], of_program: int, code: int, says: str
) -> None:
    (tmp_path / "docker").write_text(f"#!/bin/sh\nexit {of_program}\n")
    (tmp_path / "docker").chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-m", "datameesh_cli", *args], cwd=ROOT, env=os.environ | path, capture_output=True, text=True
    )
    assert done.returncode == code
    assert says in done.stderr


def test_pytest_s_own_complaint_is_about_what_was_typed() -> None:
    command = [sys.executable, "-m", "datameesh_cli", "dev", "test", "--no-such-option"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 2
