"""What is built, what is left alone, and what is told of it. The engine's images are scripted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from datameesh_cli.adapters.adapters import Adapters, Images
from datameesh_cli.adapters.host_mirrors import HostMirrors
from datameesh_cli.adapters.image_builder import Build, Present
from datameesh_cli.core.images import INPUTS_LABEL
from datameesh_cli.core.stream import Stream
from datameesh_cli.errors import HostError
from datameesh_cli.usecases.build_images import Built, Told, base_days, build_images, build_missing, list_images
from tests.fakes.adapters import FakeEngine, fake_adapters


class FakeImages:
    """An engine's images: what is built is there afterwards."""

    Build = Build

    def __init__(self, *, registry: bool = True, code: int = 0) -> None:
        self.there: dict[str, Present] = {}
        self.built: list[Build] = []
        self.removed: list[str] = []
        self.registry, self.code = registry, code

    def present(self, references: Any) -> dict[str, Present]:
        return {r: self.there[r] for r in references if r in self.there}

    def pull(self, reference: str) -> bool:
        return self.registry

    def remove(self, reference: str) -> None:
        self.removed.append(reference)

    def make_rootfs(self, script: Path, mirrors: HostMirrors, held: Any = None) -> Stream[str]:
        yield f"debootstrap by {script.name}"
        return "datameesh/rootfs:latest"

    def build(self, request: Build, held: Any = None) -> Stream[int]:
        yield f"building {request.reference}"
        self.built.append(request)
        if not self.code:
            inputs = request.labels[INPUTS_LABEL]
            self.there[request.reference] = Present(f"id-{len(self.built)}", 7, "2026", inputs, "")
        return self.code


@pytest.fixture
def images() -> FakeImages:
    return FakeImages()


def _world(root: Path, images: FakeImages) -> Adapters:
    adapters, _ = fake_adapters(root, FakeEngine())
    (root / "services" / "base").mkdir(exist_ok=True)
    label = 'LABEL org.opencontainers.image.version="1"\n'
    (root / "services" / "base" / "Dockerfile").write_text(f"ARG ROOTFS=debian:13\nFROM ${{ROOTFS}}\n{label}")
    (root / "services" / "base" / "rootfs").write_text("#!/bin/sh\n")
    (root / "services" / "web" / "Dockerfile").write_text(f"FROM datameesh/base:1\n{label}")
    return replace(adapters, images=cast(Images, images), mirrors=lambda: HostMirrors({}, {}, {}))


def _built(adapters: Adapters, *names: str, fresh: bool = False) -> list[tuple[str, bool]]:
    done: list[Built] = []
    build_images(adapters, names, Told(lambda _: None, done.append), fresh=fresh)
    return [(built.reference, built.built) for built in done]


def test_an_image_is_built_after_what_it_is_built_from_and_only_once(tmp_path: Path, images: FakeImages) -> None:
    adapters = _world(tmp_path, images)
    assert [name for name, new in _built(adapters, "web") if new][-1] == "datameesh/web:1"
    assert [b.reference for b in images.built] == ["datameesh/base:1", "datameesh/web:1"]
    assert _built(adapters, "web") == [("datameesh/web:1", False)]
    assert len(images.built) == 2
    assert {row.name: row.state for row in list_images(adapters)} == {"base": "up to date", "web": "up to date"}
    assert set(base_days(adapters)) == {"datameesh/base:1", "datameesh/web:1"}


def test_a_changed_folder_is_built_again_and_the_old_image_goes(tmp_path: Path, images: FakeImages) -> None:
    adapters = _world(tmp_path, images)
    _built(adapters, "web")
    _changed(tmp_path)
    assert {row.name: row.state for row in list_images(adapters)} == {"base": "up to date", "web": "out of date"}
    assert _built(adapters, "web") == [("datameesh/web:1", True)]
    assert images.removed == ["id-2"]


def test_what_is_older_than_its_folder_is_built_before_anything_starts(tmp_path: Path, images: FakeImages) -> None:
    """After an update of the checkout: an image of before knows nothing of what the folders say now."""
    adapters = _world(tmp_path, images)
    _built(adapters, "web")
    _changed(tmp_path)
    said: list[str] = []
    built = build_missing(adapters, ["datameesh/web:1"], said.append)
    assert [b.reference for b in built] == ["datameesh/web:1"]
    assert said == ["building images that are older than their folders: web", "  datameesh/web:1 is built"]
    assert build_missing(adapters, ["datameesh/web:1"], said.append) == ()
    assert len(said) == 2


def test_without_a_network_what_is_older_is_used(tmp_path: Path, images: FakeImages) -> None:
    adapters = _world(tmp_path, images)
    _built(adapters, "web")
    _changed(tmp_path)
    images.code = 100
    said: list[str] = []
    assert build_missing(adapters, ["datameesh/web:1"], said.append) == ()
    assert said[1:] == [
        "the image datameesh/web:1 could not be built: the build ended with exit code 100; what is there is used "
        "(as with --no-build). If that does not start: dm images build web"
    ]
    assert (images.removed, list(images.present(["datameesh/web:1"]))) == ([], ["datameesh/web:1"])


def _changed(checkout: Path) -> None:
    with (checkout / "services" / "web" / "Dockerfile").open("a") as dockerfile:
        dockerfile.write("USER 1000\n")


def test_fresh_takes_no_layer_of_an_earlier_build(tmp_path: Path, images: FakeImages) -> None:
    adapters = _world(tmp_path, images)
    _built(adapters, "web")
    _built(adapters, "web", fresh=True)
    assert [b.cached for b in images.built] == [False, True, False, False], "the base never takes one"


def test_without_a_registry_the_base_is_made_here(tmp_path: Path) -> None:
    images = FakeImages(registry=False)
    said: list[str] = []
    build_missing(_world(tmp_path, images), ["datameesh/web:1", "somebody/else:1"], said.append)
    assert images.built[0].args == {"ROOTFS": "datameesh/rootfs:latest"}
    assert images.removed == ["datameesh/rootfs:latest"]
    assert said[0].endswith(": web")
    assert "  datameesh/web:1 is built" in said


def test_a_build_that_fails_tells_its_end_and_keeps_all_of_it(tmp_path: Path) -> None:
    with pytest.raises(
        HostError, match=r"datameesh/base:1 could not be built: the build ended with exit code 3"
    ) as failed:
        _built(_world(tmp_path, FakeImages(code=3)), "base")
    assert "building datameesh/base:1" in failed.value.message
    assert "the whole output is in .dm/images/base.log; then: dm images build base" in failed.value.hint
    assert "building datameesh/base:1" in (tmp_path / ".dm" / "images" / "base.log").read_text()
