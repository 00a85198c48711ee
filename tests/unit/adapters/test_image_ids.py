"""What the engine says of its images, as values; the program is a script that answers as the real one does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datameesh_cli.adapters import image_builder


def test_an_image_is_known_with_its_id_and_with_the_digests_of_registries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {"Id": "sha256:aa", "Size": 2**20, "Created": "2026-01-01", "Config": {}, "RepoTags": ["a:1", "reg/a:1"]}
    pushed = here | {"Id": "sha256:bb", "RepoTags": ["b:1"], "RepoDigests": ["reg/b@sha256:cc"]}
    (tmp_path / "answer").write_text(json.dumps([here, pushed]))
    program = tmp_path / "docker"
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/answer\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = image_builder.present(["a:1", "b:1"])
    assert {name: (image.id, image.digests) for name, image in found.items()} == {
        "a:1": ("sha256:aa", ()),
        "b:1": ("sha256:bb", ("reg/b@sha256:cc",)),
    }
