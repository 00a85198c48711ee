"""The page "Your first service": each of its commands is run, in a copy of the checkout, and does what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from datameesh_cli.adapters import host
from tests.integration.clone import copy_of, environment
from tests.integration.stack import ROOT, stack_of

PAGE = ROOT / "docs" / "first-service.md"
PORT = "30150"
IMAGE = "datameesh/hello:0.1"


def _free_port() -> str:
    return next(str(p) for p in range(30150, 31000) if host.is_port_free("127.0.0.1", p))


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A clone with the environment of this checkout, whose stack and image go when the test ends."""
    folder = copy_of(tmp_path / "clone", tests=True)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    yield folder
    _run(folder, f"./dm down --volumes --yes; docker image rm --force {IMAGE}", "0")


def _run(folder: Path, script: str, port: str) -> subprocess.CompletedProcess[str]:
    name = stack_of("walk").name
    env = environment(folder) | {"DM_NAME": name, "HELLO_PORT": port}
    shell = ["bash", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(shell, cwd=folder, env=env, capture_output=True, text=True, timeout=900)


def test_the_walk_does_what_the_page_says(checkout: Path) -> None:
    port = _free_port()
    steps = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    said = []
    for step in steps:
        for line in step.splitlines():
            done = _run(checkout, line.replace(PORT, port), port)
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
            said.append(done.stdout)
    everything = "\n".join(said)
    assert '{"service": "hello", "well": true}' in everything
    assert "3 passed, 0 failed, 0 not applicable" in everything
    assert '"says": "good morning"' in everything
    assert "validation, graph: passed" in everything
    assert "removed hello" in everything
    assert sorted(p.name for p in (checkout / "services" / "hello").iterdir()) == [
        "Dockerfile",
        "README.md",
        "compose.yaml",
        "server.py",
        "smoke.yaml",
    ]
