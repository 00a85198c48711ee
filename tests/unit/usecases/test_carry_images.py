"""`dm images save` and `load`, with bundles that are only remembered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from datameesh_cli.adapters.adapters import Adapters, Images
from datameesh_cli.adapters.image_bundle import Bundles
from datameesh_cli.errors import HostError, UserError
from datameesh_cli.usecases.carry_images import load_images, save_images
from tests.fakes.adapters import FakeEngine, fake_adapters

FILE = Path("images.tar")


class FakeBundles:
    """One bundle: what it lists, and what is in it."""

    def __init__(self) -> None:
        self.listed: dict[str, str] = {}
        self.held: dict[str, str] = {}
        self.loaded: list[Path] = []

    def save(self, references: Any, file: Path) -> dict[str, str]:
        self.listed = self.held = {reference: f"id of {reference}" for reference in references}
        return self.listed

    def read(self, file: Path) -> tuple[dict[str, str], dict[str, str]]:
        return self.listed, self.held

    def load(self, file: Path) -> tuple[str, ...]:
        self.loaded.append(file)
        return tuple(self.held)

    def size(self, file: Path) -> int:
        return 42


class Engine:
    """An engine that has these images."""

    def __init__(self, *references: str) -> None:
        self.references = references

    def present(self, references: Any) -> dict[str, Any]:
        return {r: None for r in references if r in self.references}


def _world(root: Path, bundles: FakeBundles, *there: str) -> Adapters:
    adapters, _ = fake_adapters(root, FakeEngine())
    (root / "services" / "web" / "Dockerfile").write_text('FROM scratch\nLABEL org.opencontainers.image.version="1"\n')
    return replace(adapters, bundles=cast(Bundles, bundles), images=cast(Images, Engine(*there)))


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    bundles = FakeBundles()
    adapters = _world(tmp_path, bundles, "datameesh/web:1")
    saved = save_images(adapters, FILE)
    assert (saved.images, saved.size) == (("datameesh/web:1",), 42)
    assert load_images(adapters, FILE) == saved
    assert bundles.loaded == [FILE]


def test_nothing_is_written_while_an_image_is_missing(tmp_path: Path) -> None:
    bundles = FakeBundles()
    with pytest.raises(HostError, match="missing images: datameesh/web:1"):
        save_images(_world(tmp_path, bundles), FILE)
    assert bundles.listed == {}


def test_an_engine_gets_nothing_of_a_bundle_that_was_changed(tmp_path: Path) -> None:
    bundles = FakeBundles()
    bundles.listed, bundles.held = {"datameesh/web:1": "a"}, {"datameesh/web:1": "b"}
    with pytest.raises(UserError, match=r"images\.tar .*datameesh/web:1"):
        load_images(_world(tmp_path, bundles), FILE)
    assert bundles.loaded == []
