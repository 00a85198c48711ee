"""The cluster as a stage of the project's tests: up, its checks, down."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.cluster.node import machine
from tests.cluster.node.build import build
from tests.cluster.node.failure import Failure
from tests.cluster.node.footprint import footprint, left_over
from tests.cluster.node.lifecycle import ROOT, Cluster, report

SKIPPED = 77  # what automake and others call a test that did not run
# Minutes, generously: see README.md for what was measured.
TO_BUILD, TO_RUN = 45.0, 20.0


def _python() -> str:
    own = ROOT / ".venv" / "bin" / "python"
    python = str(own) if own.exists() else sys.executable
    if subprocess.run([python, "-c", "import pytest, pytest_timeout"], capture_output=True).returncode:
        raise Failure("skipped: pytest is not there", "./dm test makes the environment that has it", skip=True)
    return python


def stage(cluster: Cluster, may_build: bool, minutes: float | None) -> int:
    """0 passed, 1 failed, 77 skipped: nothing was shown."""
    machine.check()
    python = _python()
    missing = cluster.cache.missing()
    needed = TO_RUN + (TO_BUILD if missing and may_build else 0)
    if missing and not may_build:
        raise Failure(f"skipped: the cache lacks {', '.join(missing)}", "build it: tests/cluster/build", skip=True)
    if minutes is not None and minutes < needed:
        raise Failure(
            f"skipped: {minutes:.0f} minutes are left, {needed:.0f} could be needed", "run it by hand", skip=True
        )
    if machine.Inner.of(cluster.state):
        raise Failure("the cluster is running", "take it down first: tests/cluster/cluster down")
    if missing:
        build(cluster.cache, os.cpu_count() or 2)
    started = time.monotonic()
    with machine.alone():
        machine.forget_dead()
    before = footprint()
    cluster.up()
    place = cluster.state.place
    try:
        env = os.environ | {
            "DATAMEESH_CLUSTER": str(cluster.state.folder),
            "DATAMEESH_CLUSTER_TOOLS": str(cluster.cache.folder),
        }
        words = [python, "-m", "pytest", "-m", "cluster", str(Path(__file__).parents[1])]
        code = subprocess.run(words, cwd=ROOT, env=env).returncode
    finally:
        cluster.down()
    left = left_over(before, footprint(), place)
    for line in left:
        report(f"not as before: {line}")
    code = code or len(left)
    report(f"cluster stage: {'passed' if code == 0 else 'FAILED'} in {time.monotonic() - started:.0f} s")
    return 1 if code else 0
