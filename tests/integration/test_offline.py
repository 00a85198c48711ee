"""Images in one file, for a machine without a network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.engine_without_network import engine_without_network
from tests.integration.stack import SMALLEST, Stack, docker


def _ours() -> set[str]:
    return set(docker("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=datameesh/*").split())


def test_an_image_survives_the_way_through_a_file(built: None, tmp_path: Path) -> None:
    """The engine's own way, on one small image: what is loaded is what was saved, byte for byte."""
    reference = "datameesh/offline-test:1"
    docker("tag", "datameesh/kompose:1.38.0", reference)
    digest = docker("image", "inspect", "--format", "{{.Id}}", reference)
    file = tmp_path / "one.tar"
    docker("save", "-o", str(file), reference)
    docker("rmi", reference)
    assert reference not in _ours()
    docker("load", "-i", str(file))
    try:
        assert docker("image", "inspect", "--format", "{{.Id}}", reference) == digest
    finally:
        docker("rmi", reference)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_machine_without_network_starts_from_one_file(other: Stack, tmp_path: Path) -> None:
    """An engine with an empty store and no way out: nothing can be built there, and from the file everything starts."""
    file = tmp_path / "bundle.tar"
    bundle = other.json("images", "save", str(file), timeout=900)
    with engine_without_network() as engine:
        links = [line.split(": ")[1] for line in engine.run(["ip", "-o", "link"]).stdout.splitlines()]
        assert sorted(links) == ["docker0", "lo"]
        assert engine.run(["ip", "route", "show", "default"]).stdout == ""
        asked = ("--profile", "analytics", "--ram", SMALLEST)
        refused = engine.run(other.command("up", *asked), code=3)
        assert "could not be built" in refused.stderr, "there is nothing to fetch anything from"
        loaded = json.loads(engine.run(other.command("images", "load", str(file), "--output", "json")).stdout)
        assert sorted(loaded["images"]) == sorted(bundle["images"])
        engine.run(other.command("up", *asked))
        assert "all well" in engine.run(other.command("status")).stdout
        assert "1" in engine.run(other.command("sql", "SELECT 1", "--output", "csv")).stdout
        words = ["--rm", "--entrypoint", "bash", "datameesh/postgres:17", "-c", "exec 3<>/dev/tcp/192.0.2.1/80"]
        assert engine.run(["docker", "run", *words], code=1, timeout=60).stderr, "a container has no way out either"
        engine.run(other.command("down", "--volumes", "--yes"))
    file.unlink()
    assert not engine.folder.exists()


def test_a_file_that_is_no_bundle_is_one_clear_line(built: None, other: Stack, tmp_path: Path) -> None:
    for name, content in (("missing.tar", None), ("garbage.tar", b"not a tar"), ("empty.tar", b"")):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        done = other.dm("images", "load", str(path), code=2)
        assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["error", "hint"]
        assert name in done.stderr
