"""The state folder on a disk that is read-only, full, or somebody else's: one line and exit code 3, whatever was asked.

The disks are real ones, mounted in a namespace of the test; nothing of `dm` is replaced.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.adapters import write_repository

ROOT = Path(__file__).parents[2]
# A `docker` that has no image and cannot build one; `docker save` gives a stream without end.
DOCKER = """\
#!/bin/sh
case "$*" in
    *"image inspect"*) echo '[]'; echo 'Error: No such image' >&2; exit 1;;
    *build*) echo 'step one'; echo 'no space left on device'; exit 1;;
    save*) exec head -c 2000000 /dev/zero;;
esac
"""

READS = {"read", "read a secret", "list secrets", "dbt's artifact", "a user's file", "rows"}
QUIET = {"history"}
"""What a failure to keep is no failure of: the lines typed in a conversation."""

FULL_WORKS = READS | QUIET | {"remove", "lock", "forget secrets", "dbt's folder", "engine's log"}
"""What needs no space, or so little that a full disk still has it: whoever makes room must be able to."""


def _can_mount() -> bool:
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not _can_mount(), reason="mounting a disk for the test needs root")


@cache
def _outcomes(root: Path, condition: str) -> dict[str, list[Any]]:
    write_repository(root)
    (root / ".dm").mkdir()
    (root / "dbt").mkdir()
    (root / "dbt" / "dbt_project.yml").write_text("name: x\n")
    (root / "dbt" / "large.sql").write_text("x" * 400_000)
    (root / "services" / "broken").mkdir()
    label = 'LABEL org.opencontainers.image.version="1"\n'
    (root / "services" / "broken" / "Dockerfile").write_text(f"FROM scratch\n{label}")
    (root / "tests").mkdir()
    (root / "tests" / "matrix-ids.txt").write_text((ROOT / "tests" / "matrix-ids.txt").read_text())
    (root / "tests" / "journeys").mkdir()
    (root / "tests" / "journeys" / "a.yaml").write_text(
        "checks:\n  - {name: one, exec: {service: db, command: [date]}, expect: {exit: 0}}\n"
    )
    (root / "bin").mkdir()
    (root / "bin" / "docker").write_text(DOCKER)
    (root / "bin" / "docker").chmod(0o755)
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, "-m", "tests.programs.machine", str(root), condition],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
        env=os.environ | {"PATH": f"{root / 'bin'}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module", params=["read-only", "full", "of root"])
def tried(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, list[Any]]]:
    root = tmp_path_factory.mktemp("checkout")
    for folder in (root, *list(root.parents)[:2]):
        folder.chmod(0o755)
    return request.param, _outcomes(root, request.param)


WHY = {
    "read-only": "the file system is read-only",
    "full": "the disk is full",
    "of root": "permission denied, it belongs to root",
}


def test_every_refusal_is_one_line_and_exit_3(tried: tuple[str, dict[str, list[Any]]]) -> None:
    condition, outcomes = tried
    works = {"read-only": READS | QUIET, "full": FULL_WORKS, "of root": QUIET}[condition]
    assert len(outcomes) == 22
    for name, outcome in outcomes.items():
        if name in works:
            assert outcome == ["done"], (condition, name, outcome)
            continue
        assert outcome[0] == "refused", (condition, name, outcome)
        _, code, message, hint = outcome
        assert code == 3, (condition, name, outcome)
        assert WHY[condition] in message + hint, (condition, name, outcome)
        assert hint, (condition, name)
        if name != "build error":
            assert "\n" not in message, (condition, name, message)


def test_a_build_that_fails_is_told_though_its_output_cannot_be_kept(tried: tuple[str, dict[str, list[Any]]]) -> None:
    _, outcomes = tried
    _, code, message, hint = outcomes["build error"]
    assert code == 3
    assert message.startswith("the image datameesh/broken:1 could not be built: the build ended with exit code 1")
    assert "step one" in message
    assert "its whole output could not be kept" in hint
