"""Images on a real engine: built once, rebuilt when an input changes, carried in a file. Tiny ones, under names of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from datameesh_cli.adapters import image_builder
from datameesh_cli.adapters.outside import Outside, outside
from datameesh_cli.errors import HostError, UserError
from datameesh_cli.usecases.build_images import (
    Built,
    Told,
    build_images,
    build_missing,
    list_images,
)
from datameesh_cli.usecases.carry_images import load_images, save_images

pytestmark = pytest.mark.docker

DOCKERFILE = 'FROM {parent}\nLABEL org.opencontainers.image.version="1"\nCOPY content /\nUSER 1\n'


@pytest.fixture
def names() -> Iterator[tuple[str, str]]:
    """A parent and its child, in this order also by name; their images are gone afterwards."""
    stem = f"test{uuid.uuid4().hex[:8]}"
    yield f"{stem}-a", f"{stem}-b"
    for name in (f"{stem}-b", f"{stem}-a"):
        image_builder.remove(f"datameesh/{name}:1")


@pytest.fixture
def world(tmp_path: Path, names: tuple[str, str]) -> Outside:
    """A checkout of two images and one service that uses the second."""
    parent, child = names
    for name, origin in ((parent, "scratch"), (child, f"datameesh/{parent}:1")):
        folder = tmp_path / "services" / name
        folder.mkdir(parents=True)
        (folder / "Dockerfile").write_text(DOCKERFILE.format(parent=origin))
        (folder / "content").write_text(name)
    fragment = f"""\
services:
  web:
    image: datameesh/{child}:1
    profiles: [core]
    x-datameesh: {{namespace: n, layer: infrastructure, owner: o, ram: {{min: 10, want: 10}}}}
"""
    (tmp_path / "services" / child / "compose.yaml").write_text(fragment)
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "core.yaml").write_text("name: core\nrequires: []\ndescription: d\n")
    return outside(root=tmp_path)


def build(world: Outside, *wanted: str) -> dict[str, bool]:
    """Build and return, by reference, whether it had to be built."""
    heard: list[Built] = []
    built = build_images(world, wanted, Told(lambda _: None, heard.append))
    assert tuple(heard) == built
    return {b.reference: b.built for b in built}


def test_a_tree_is_built_once_and_again_only_where_it_changed(world: Outside, names: tuple[str, str]) -> None:
    parent, child = (f"datameesh/{n}:1" for n in names)
    assert build(world) == {parent: True, child: True}
    assert build(world) == {child: False}
    (world.repository.root / "services" / names[1] / "README.md").write_text("no part of the image")
    assert build(world) == {child: False}
    (world.repository.root / "services" / names[1] / "content").write_text("changed")
    assert [r.state for r in list_images(world)] == ["up to date", "out of date"]
    assert build(world) == {child: True}
    (world.repository.root / "services" / names[0] / "content").write_text("changed")
    assert build(world) == {parent: True, child: True}


def test_missing_images_are_built_and_old_ones_named(world: Outside, names: tuple[str, str]) -> None:
    said: list[str] = []
    reference = f"datameesh/{names[1]}:1"
    assert [b.reference for b in build_missing(world, [reference, "of/others:1"], said.append)][-1] == reference
    said.clear()
    assert build_missing(world, [reference], said.append) == ()
    assert said == []
    (world.repository.root / "services" / names[1] / "content").write_text("changed")
    assert build_missing(world, [reference], said.append) == ()
    assert len(said) == 1 and f"dm images build {names[1]}" in said[0]


def test_a_failed_build_names_the_image_its_output_and_the_next_step(world: Outside, names: tuple[str, str]) -> None:
    dockerfile = world.repository.root / "services" / names[1] / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "COPY not-there /\n")
    with pytest.raises(HostError) as failed:
        build(world)
    assert f"datameesh/{names[1]}:1 could not be built" in failed.value.message
    assert "not-there" in failed.value.message
    assert f"dm images build {names[1]}" in failed.value.hint
    assert "not-there" in (world.state.root / "images" / f"{names[1]}.log").read_text()
    assert f"datameesh/{names[1]}:1" not in image_builder.present([f"datameesh/{names[1]}:1"])


def test_a_bundle_brings_the_images_back_and_nothing_is_rebuilt(
    world: Outside, names: tuple[str, str], tmp_path: Path
) -> None:
    reference = f"datameesh/{names[1]}:1"
    bundle = tmp_path / "bundle.tar"
    with pytest.raises(HostError, match="missing images"):
        save_images(world, bundle)
    build(world)
    assert save_images(world, bundle).images == (reference,)
    for name in reversed(names):
        image_builder.remove(f"datameesh/{name}:1")
    assert load_images(bundle).images == (reference,)
    assert build(world) == {reference: False}


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no file"):
        load_images(tmp_path / "nothing.tar")
    (tmp_path / "text.tar").write_text("not a tar")
    with pytest.raises(UserError, match="is not a bundle of images"):
        load_images(tmp_path / "text.tar")


def test_an_interrupted_save_leaves_no_file(tmp_path: Path) -> None:
    """`docker save` is made to wait by a pipe that nobody reads, then interrupted as by Ctrl-C."""
    script = f"""
import os, threading
from pathlib import Path
from datameesh_cli.adapters import image_builder
file = Path({str(tmp_path / "b.tar")!r})
os.mkfifo(str(file) + ".part")
print("started", flush=True)
image_builder.save(["datameesh/whatever:1"], file)
"""
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout and child.stdout.readline() == "started\n"
    time.sleep(1)
    child.send_signal(signal.SIGINT)
    _, error = child.communicate(timeout=20)
    assert "KeyboardInterrupt" in error
    assert list(tmp_path.iterdir()) == []
