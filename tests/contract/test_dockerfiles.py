"""Every Dockerfile keeps to CONTRIBUTING.md, and every image that a service names is made by one of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datameesh_cli.adapters.image_folders import read_images
from datameesh_cli.adapters.repository import Repository
from datameesh_cli.core.images import PREFIX

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILES = sorted((ROOT / "services").glob("*/Dockerfile"))
TOO_NEW = {  # what BuildKit of engine 20.10 refuses, or would fetch from a registry
    "a syntax line": r"(?mi)^#\s*syntax\s*=",
    "a heredoc": r"<<-?\s*['\"]?[A-Z_]+",
    "COPY --link": r"(?m)^COPY .*--link",
    "RUN --network": r"(?m)^RUN .*--network",
    "start-interval": r"--start-interval",
}


def test_there_are_dockerfiles() -> None:
    assert len(DOCKERFILES) >= 6


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda p: p.parent.name)
def test_dockerfile_builds_on_the_oldest_engine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [name for name, pattern in TOO_NEW.items() if re.search(pattern, text)] == []


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda p: p.parent.name)
def test_only_the_base_stands_on_an_image_of_others(path: Path) -> None:
    origins = re.findall(r"(?m)^FROM\s+(\S+)", path.read_text(encoding="utf-8"))
    foreign = [o for o in origins if not o.startswith(PREFIX) and o not in ("scratch", "${ROOTFS}")]
    stages = re.findall(r"(?mi)^FROM\s+\S+\s+AS\s+(\S+)", path.read_text(encoding="utf-8"))
    assert [o for o in foreign if o not in stages] == []
    assert ("${ROOTFS}" in origins) == (path.parent.name == "base")


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda p: p.parent.name)
def test_an_image_that_runs_has_a_numeric_user(path: Path) -> None:
    if path.parent.name in ("base", "build"):
        pytest.skip("never runs: others are built on it")
    final = re.split(r"(?m)^FROM ", path.read_text(encoding="utf-8"))[-1]
    users = re.findall(r"(?m)^USER\s+(\d+)(?::\d+)?\s*$", final)
    assert users and users[-1] != "0", f"{path.parent.name}: no numeric USER in the last stage"


def test_every_image_of_ours_that_a_service_names_is_made_here() -> None:
    made = {image.reference for image in read_images(ROOT)}
    used = {service.image for service in Repository(ROOT).model().services if service.image.startswith(PREFIX)}
    assert used and used <= made, f"no folder makes {sorted(used - made)}"


def test_the_rootfs_is_pinned_by_digest() -> None:
    assert all(re.search(r"@sha256:[0-9a-f]{64}$", i.rootfs) for i in read_images(ROOT) if i.rootfs)
