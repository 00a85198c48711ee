"""The tests that need an engine, as pytest collects them: all can be, every file of checks is among them, their order is right."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.contract.repo import ROOT, label

FOLDERS = ["tests/integration", "tests/machines", "tests/journeys", "tests/cluster", "services"]
CHECKS = [*(ROOT / "services").glob("*/smoke.yaml"), *(ROOT / "tests" / "journeys").glob("*.yaml")]


@cache
def _collected() -> list[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *FOLDERS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_every_test_that_needs_an_engine_can_be_collected() -> None:
    """Those that are not run before a change lands still name what is there."""
    assert _collected()


@pytest.mark.parametrize("file", CHECKS, ids=label)
def test_every_file_of_checks_is_a_test(file: Path) -> None:
    assert any(node.startswith(f"{label(file)}::") for node in _collected())


def test_a_service_may_have_tests_of_its_own() -> None:
    own = {node.split("::")[0] for node in _collected() if "/tests/" in node}
    assert own == {label(path) for path in (ROOT / "services").glob("*/tests/test_*.py")}
    assert own


def test_who_changes_the_shared_stack_comes_after_who_finds_it_running() -> None:
    """As their fixtures say, whatever their folder: no engine, the stack as it is, changed, stacks of one's own."""
    places = [_collected().index(next(n for n in _collected() if n.startswith(name))) for name in IN_ORDER]
    assert places == sorted(places)


IN_ORDER = [
    "services/trino/tests/test_start_trino.py",
    "services/minio/smoke.yaml",
    "tests/integration/test_faults.py",
    "services/trino/tests/test_worker.py",
]
