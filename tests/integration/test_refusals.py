"""What `dm up` refuses before a single container exists, and what garbage is answered with."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.stack import ROOT, Stack, docker


@pytest.fixture
def nothing_changes(other: Stack) -> Iterator[Stack]:
    """A stack that was never started; afterwards there is still no container, no volume, no network and no plan of it."""
    before = _committed_files()
    yield other
    assert other.ids() == {}
    assert docker("volume", "ls", "-q", "--filter", f"label=com.docker.compose.project={other.project}") == ""
    assert docker("network", "ls", "-q", "--filter", f"label=com.docker.compose.project={other.project}") == ""
    assert {p.name for p in other.adapters.state.folder.iterdir()} <= {"lock", "ports.json"}
    assert _committed_files() == before


def _committed_files() -> dict[str, float]:
    watched = [ROOT / "compose", ROOT / "profiles", ROOT / "services"]
    return {str(p): p.stat().st_mtime for folder in watched for p in folder.rglob("*.yaml")}


def _two_lines(text: str) -> str:
    lines = text.splitlines()
    assert [line.split(":")[0] for line in lines] == ["error", "hint"], text
    return lines[0]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["up", "--ram", "12x"], "'12x' is not a memory size"),
        (["up", "--ram", "-1g"], "'-1g' is not a memory size"),
        (["up", "--ram", "4096"], "'4096' is not a memory size"),
        (["up", "--profile", "nope"], "there is no profile 'nope'"),
        (["up", "--wait-timeout", "soon"], "Invalid value for '--wait-timeout'"),
        (["up", "extra"], "there is no service 'extra'"),
        (["status", "extra"], "unexpected extra argument"),
        (["seed", "--set", "nope"], "nope"),
        (["logs", "nope"], "there is no service 'nope'"),
        (["restart", "nope"], "there is no service 'nope'"),
    ],
)
def test_garbage_is_one_clear_line(nothing_changes: Stack, args: list[str], says: str) -> None:
    done = nothing_changes.dm(*args, code=2)
    assert says in _two_lines(done.stderr)
    assert done.stdout == ""


def test_a_broken_fragment_is_one_clear_line(nothing_changes: Stack) -> None:
    folder = ROOT / "services" / "zz-broken"
    folder.mkdir()
    try:
        (folder / "compose.yaml").write_text("services:\n  zz-broken: [\n")
        line = _two_lines(nothing_changes.dm("up", code=2).stderr)
        assert "services/zz-broken/compose.yaml, line 3" in line
    finally:
        (folder / "compose.yaml").unlink()
        folder.rmdir()


def test_600_mib_are_refused_with_the_whole_arithmetic(nothing_changes: Stack) -> None:
    done = nothing_changes.dm("up", "--profile", "analytics", "--ram", "600m", code=3)
    line = _two_lines(done.stderr)
    assert "the budget is 600 MiB" in line
    assert "trino-coordinator " in line
    assert " + " in line
    total = int(line.rsplit("= ", 1)[1])
    assert sum(int(part.rsplit(" ", 1)[1]) for part in line.split("MiB: ")[1].rsplit(" = ", 1)[0].split(" + ")) == total
    assert f"--ram {total}m" in done.stderr
    nothing_changes.dm("plan", "--profile", "analytics", "--ram", f"{total}m")


def test_a_taken_port_is_named_with_its_holder(nothing_changes: Stack) -> None:
    port = next(
        p
        for p in nothing_changes.json("up", "--dry-run", "--ram", "1536m")["planned"]["ports"]
        if p["variable"] == "TRINO_PORT"
    )
    with socket.create_server(("127.0.0.1", port["host"])):
        done = nothing_changes.dm("up", "--ram", "1536m", code=3)
    line = _two_lines(done.stderr)
    assert f"port {port['host']} (for trino-coordinator) is taken by " in line
    assert line.endswith(f"(pid {os.getpid()})")


def test_a_port_held_by_a_container_is_named_with_the_container(nothing_changes: Stack) -> None:
    ports = nothing_changes.json("up", "--dry-run", "--ram", "1536m")["planned"]["ports"]
    port = next(p["host"] for p in ports if p["variable"] == "TRINO_PORT")
    name = f"{nothing_changes.project}-holder"
    docker("run", "-d", "--rm", "--name", name, "-p", f"127.0.0.1:{port}:80", "datameesh/base:13", "sleep", "600")
    try:
        line = _two_lines(nothing_changes.dm("up", "--ram", "1536m", code=3).stderr)
        assert f"port {port} (for trino-coordinator) is taken by container {name}" in line
    finally:
        docker("rm", "-f", name)


def test_a_missing_image_is_named(nothing_changes: Stack) -> None:
    done = nothing_changes.dm("up", "--ram", "1536m", code=3, TRINO_IMAGE="nowhere/trino:0")
    # Before it, a line may say that another image is older than its folder.
    assert done.stderr.splitlines()[-2] == "error: missing images: nowhere/trino:0"


def test_no_engine_is_one_clear_line(nothing_changes: Stack, tmp_path: Path) -> None:
    for args in (["up"], ["status"], ["down"]):
        done = nothing_changes.dm(*args, code=3, DOCKER_HOST=f"unix://{tmp_path}/nothing.sock")
        assert "no container engine answers" in _two_lines(done.stderr)
