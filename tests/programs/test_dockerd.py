"""The engine's program: which one is living, and that no second one is started beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from datameesh_cli.adapters import dockerd
from datameesh_cli.errors import HostError


class Machine:
    """A machine without systemd whose `docker` and `dockerd` are scripts; `answers` is the file that makes the engine answer."""

    def __init__(self, root: Path) -> None:
        self.root, self.pid_file, self.log = root, root / "docker.pid", root / "state" / "engine.log"
        self.answers, self.started = root / "answers", root / "started"

    def put(self, name: str, text: str) -> None:
        path = self.root / "bin" / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)

    def starts(self) -> int:
        return self.started.read_text().count("x") if self.started.exists() else 0


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    bare = Machine(tmp_path)
    (tmp_path / "bin").mkdir()
    bare.put(
        "docker", f'[ -e {bare.answers} ] || {{ echo "Is the docker daemon running?" >&2; exit 1; }}\necho 20.10\n'
    )
    bare.put("dockerd", f"printf x >>{bare.started}\n: >{bare.answers}\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(dockerd, "has_systemd", lambda: False)
    monkeypatch.setattr(dockerd, "_START", 12)
    return bare


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what never answers; a busy machine needs a while for the rest."""
    monkeypatch.setattr(dockerd, "_START", 2)


@pytest.fixture
def living_engine(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is called dockerd and lives."""
    program = tmp_path / "dockerd"
    sleep = shutil.which("sleep")
    assert sleep
    shutil.copy(sleep, program)
    child = subprocess.Popen([str(program), "600"])
    until = time.monotonic() + 10
    while "dockerd" not in Path(f"/proc/{child.pid}/stat").read_text() and time.monotonic() < until:
        time.sleep(0.01)
    yield child
    child.kill()
    child.wait()


def test_only_a_living_engine_is_one(machine: Machine, living_engine: subprocess.Popen[bytes]) -> None:
    for text in ("", "garbage", "999999999", str(os.getpid()), "-1"):
        machine.pid_file.write_text(text)
        assert dockerd.living(machine.pid_file) == 0, text
    assert dockerd.living(machine.root / "none") == 0
    machine.pid_file.write_text(f"{living_engine.pid}\n")
    assert dockerd.living(machine.pid_file) == living_engine.pid
    living_engine.kill()
    time.sleep(0.2)  # dead, and nobody has asked for its end yet: a zombie
    assert dockerd.living(machine.pid_file) == 0


def test_an_engine_is_started_and_waited_for(machine: Machine) -> None:
    dockerd.start(machine.log, machine.pid_file)
    assert machine.starts() == 1
    assert machine.log.exists()


def test_a_pid_file_that_was_left_behind_is_taken_away(machine: Machine) -> None:
    machine.pid_file.write_text(str(os.getpid()))
    dockerd.start(machine.log, machine.pid_file)
    assert machine.starts() == 1
    assert not machine.pid_file.exists()


def test_an_engine_that_is_slow_keeps_its_pid_file_and_gets_none_beside_it(
    machine: Machine, impatient: None, living_engine: subprocess.Popen[bytes]
) -> None:
    machine.pid_file.write_text(str(living_engine.pid))
    with pytest.raises(HostError, match="does not answer after 2 s"):
        dockerd.start(machine.log, machine.pid_file)
    assert machine.starts() == 0
    assert machine.pid_file.read_text() == str(living_engine.pid)
    machine.answers.touch()
    dockerd.start(machine.log, machine.pid_file)
    assert machine.starts() == 0


def test_an_engine_that_ends_at_once_says_why(machine: Machine) -> None:
    machine.put("dockerd", 'echo "failed to start: iptables not found" >&2\nexit 1\n')
    with pytest.raises(HostError) as caught:
        dockerd.start(machine.log, machine.pid_file)
    assert caught.value.message == "the engine was started and ended again: failed to start: iptables not found"
    assert str(machine.log) in caught.value.hint


def test_an_engine_that_hangs_after_its_start_is_one_line(machine: Machine, impatient: None) -> None:
    machine.put("docker", "exec sleep 60\n")
    with pytest.raises(HostError, match="does not answer after 2 s"):
        dockerd.start(machine.log, machine.pid_file)


def test_without_the_program_it_is_one_line(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine.root / "bin" / "dockerd").unlink()
    monkeypatch.setattr(dockerd, "program", lambda: "")
    monkeypatch.setenv("PATH", str(machine.root / "bin"))
    with pytest.raises(HostError, match="dockerd is not installed"):
        dockerd.start(machine.log, machine.pid_file)
