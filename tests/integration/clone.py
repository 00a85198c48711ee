"""Copies of the checkout, and `dm k8s-export` in them: what is tried there leaves the checkout as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.integration.stack import ROOT


def copy_of(to: Path, *, tests: bool = False) -> Path:
    """Given a folder, make it a fresh clone of the checkout as it is now: what is committed or would be, `tests/` only if asked."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.split("\0"):
        if name and (tests or not name.startswith("tests/")) and (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


def command(*args: str) -> list[str]:
    """The command line of an export."""
    return [sys.executable, "-m", "datameesh_cli", "k8s-export", *args]


def environment(folder: Path) -> dict[str, str]:
    """This shell's environment, with the code of the clone and nothing that would steer it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DM_", "COMPOSE_")) and not k.endswith("_PORT")}
    return kept | {"PYTHONPATH": str(folder), "COLUMNS": "200"}


def export(folder: Path, *args: str, code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    """Run an export in a clone to its end and require its exit code."""
    done = subprocess.run(
        command(*args), cwd=folder, env=environment(folder) | env, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == code, f"{args} ended in {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
