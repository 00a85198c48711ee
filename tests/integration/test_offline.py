"""Images in one file, for a machine without a network."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import SMALLEST
from tests.integration.stack import Stack, docker


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
    """Save all, remove all that services run, load all, and start with every registry out of reach."""
    file = tmp_path / "bundle.tar"
    bundle = other.json("images", "save", str(file), timeout=900)
    assert bundle["images"]
    before = {image: docker("image", "inspect", "--format", "{{.Id}}", image) for image in bundle["images"]}
    try:
        for image in bundle["images"]:
            subprocess.run(["docker", "rmi", "-f", image], capture_output=True, check=True)
        assert not _ours() & set(bundle["images"])
        done = other.dm("up", "--ram", SMALLEST, code=3, DOCKER_HOST="unix:///nowhere.sock")
        assert "no container engine" in done.stderr
    finally:
        other.dm("images", "load", str(file), timeout=900)
    assert {image: docker("image", "inspect", "--format", "{{.Id}}", image) for image in bundle["images"]} == before
    nowhere: dict[str, Any] = dict.fromkeys(
        ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "GOPROXY", "PIP_INDEX_URL"), "http://127.0.0.1:9"
    )
    other.dm("up", "--profile", "analytics", "--ram", SMALLEST, **nowhere)
    other.until_healthy(5)


def test_a_file_that_is_no_bundle_is_one_clear_line(built: None, other: Stack, tmp_path: Path) -> None:
    for name, content in (("missing.tar", None), ("garbage.tar", b"not a tar"), ("empty.tar", b"")):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        done = other.dm("images", "load", str(path), code=2)
        assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["error", "hint"]
        assert name in done.stderr
