"""`dm --verbose`: every program that is started is a line on standard error, whoever starts it, and no secret is in it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from datameesh_cli.adapters.started_programs import without_secrets
from tests.contract.repo import ROOT

STARTS = """
import sys
from python_on_whales import DockerClient
from datameesh_cli.adapters import process, started_programs
started_programs.show_commands(lambda line: print("+", line, file=sys.stderr))
process.run(["echo", "DB_PASSWORD=geheim geheim", "two words"])
list(process.stream(["echo", "http://me:geheim@host/debian"]))
process.attach(["true"])
DockerClient(client_call=["/bin/echo"]).compose.stop()
"""


def test_each_start_is_a_line_also_that_of_a_library() -> None:
    done = subprocess.run([sys.executable, "-c", STARTS], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == [
        "+ echo DB_PASSWORD=HIDDEN 'two words'",
        "+ echo http://HIDDEN@host/debian",
        "+ true",
        "+ /bin/echo compose stop",
    ]
    assert "geheim" not in done.stderr


@pytest.mark.parametrize("verbose", [True, False])
def test_a_command_prints_what_it_runs_only_when_it_is_asked_to(tmp_path: Path, verbose: bool) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\n")
    (tmp_path / "docker").chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "datameesh_cli", *(["--verbose"] if verbose else []), "logs", "sales-db"],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    shown = [line for line in done.stderr.splitlines() if line.startswith("+ docker compose ")]
    assert [line.endswith(" logs --tail 100 sales-db") for line in shown] == [True] * verbose
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("docker run -e PGPASSWORD=x1 i", "docker run -e PGPASSWORD=HIDDEN i"),
        ("docker run -e MINIO_SECRET_KEY=x1", "docker run -e MINIO_SECRET_KEY=HIDDEN"),
        ("sh -c 'export TOKEN=x1; curl'", "sh -c 'export TOKEN=HIDDEN curl'"),
        ("debootstrap https://u:p@mirror.example/debian", "debootstrap https://HIDDEN@mirror.example/debian"),
        (
            "docker compose -f a.yaml --env-file .dm/x/plan.env up",
            "docker compose -f a.yaml --env-file .dm/x/plan.env up",
        ),
        ("docker build --secret id=mirrors,src=/tmp/x", "docker build --secret id=mirrors,src=/tmp/x"),
    ],
)
def test_what_is_secret_is_not_shown(line: str, shown: str) -> None:
    assert without_secrets(shlex.split(line)) == shown
