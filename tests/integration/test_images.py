"""Images on a real engine: built once, rebuilt when an input changes, carried in a file. Tiny ones, under names of their own."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from datameesh_cli.adapters import host_mirrors, image_builder
from datameesh_cli.adapters.adapters import Adapters, adapters_for
from datameesh_cli.errors import HostError, UserError
from datameesh_cli.usecases.build_images import (
    Built,
    Told,
    base_days,
    build_images,
    build_missing,
    list_images,
)
from datameesh_cli.usecases.carry_images import load_images, save_images
from tests.integration.stack import ROOT, docker

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
def adapters(tmp_path: Path, names: tuple[str, str]) -> Adapters:
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
    return adapters_for(root=tmp_path)


def build(adapters: Adapters, *wanted: str) -> dict[str, bool]:
    """Build and return, by reference, whether it had to be built."""
    heard: list[Built] = []
    built = build_images(adapters, wanted, Told(lambda _: None, heard.append))
    assert tuple(heard) == built
    return {b.reference: b.built for b in built}


def test_a_tree_is_built_once_and_again_only_where_it_changed(adapters: Adapters, names: tuple[str, str]) -> None:
    parent, child = (f"datameesh/{n}:1" for n in names)
    assert build(adapters) == {parent: True, child: True}
    assert build(adapters) == {child: False}
    (adapters.repository.root / "services" / names[1] / "README.md").write_text("no part of the image")
    assert build(adapters) == {child: False}
    (adapters.repository.root / "services" / names[1] / "content").write_text("changed")
    assert [r.state for r in list_images(adapters)] == ["up to date", "out of date"]
    assert build(adapters) == {child: True}
    (adapters.repository.root / "services" / names[0] / "content").write_text("changed")
    assert build(adapters) == {parent: True, child: True}


def test_missing_and_old_images_are_built_and_an_old_one_that_cannot_be_is_used(
    adapters: Adapters, names: tuple[str, str]
) -> None:
    said: list[str] = []
    reference = f"datameesh/{names[1]}:1"
    assert [b.reference for b in build_missing(adapters, [reference, "of/others:1"], said.append)][-1] == reference
    said.clear()
    assert build_missing(adapters, [reference], said.append) == ()
    assert said == []
    (adapters.repository.root / "services" / names[1] / "content").write_text("changed")
    assert [b.reference for b in build_missing(adapters, [reference], said.append)] == [reference]
    assert build_missing(adapters, [reference], said.append) == ()
    said.clear()
    before = adapters.images.present([reference])
    dockerfile = adapters.repository.root / "services" / names[1] / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "COPY not-there /\n")
    assert build_missing(adapters, [reference], said.append) == ()
    assert f"dm images build {names[1]}" in said[-1] and "what is there is used" in said[-1]
    assert adapters.images.present([reference]) == before


def test_a_failed_build_names_the_image_its_output_and_the_next_step(
    adapters: Adapters, names: tuple[str, str]
) -> None:
    dockerfile = adapters.repository.root / "services" / names[1] / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "COPY not-there /\n")
    with pytest.raises(HostError) as failed:
        build(adapters)
    assert f"datameesh/{names[1]}:1 could not be built" in failed.value.message
    assert "not-there" in failed.value.message
    assert f"dm images build {names[1]}" in failed.value.hint
    assert "not-there" in (adapters.state.root / "images" / f"{names[1]}.log").read_text()
    assert f"datameesh/{names[1]}:1" not in image_builder.present([f"datameesh/{names[1]}:1"])


def test_a_bundle_brings_the_images_back_and_nothing_is_rebuilt(
    adapters: Adapters, names: tuple[str, str], tmp_path: Path
) -> None:
    reference = f"datameesh/{names[1]}:1"
    bundle = tmp_path / "bundle.tar"
    with pytest.raises(HostError, match="missing images"):
        save_images(adapters, bundle)
    build(adapters)
    assert save_images(adapters, bundle).images == (reference,)
    for name in reversed(names):
        image_builder.remove(f"datameesh/{name}:1")
    assert load_images(adapters_for(), bundle).images == (reference,)
    assert build(adapters) == {reference: False}


def test_a_bundle_with_a_changed_image_never_reaches_the_engine(
    adapters: Adapters, names: tuple[str, str], tmp_path: Path
) -> None:
    """The image is given another user, and everything in the file that could betray it but the list is made to fit."""
    reference = f"datameesh/{names[1]}:1"
    bundle, changed = tmp_path / "bundle.tar", tmp_path / "changed.tar"
    build(adapters)
    saved = save_images(adapters, bundle)
    assert saved.ids == {reference: docker("image", "inspect", "--format", "{{.Id}}", reference).strip()}
    with tarfile.open(bundle) as old, tarfile.open(changed, "w") as new:
        for member in old:
            content = old.extractfile(member)
            data = content.read() if content else b""
            if b'"User":"1"' in data:
                data = data.replace(b'"User":"1"', b'"User":"0"')
                member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    for name in reversed(names):
        image_builder.remove(f"datameesh/{name}:1")
    with pytest.raises(UserError, match=f"holds another content than it lists for {reference}"):
        load_images(adapters_for(), changed)
    assert image_builder.present([reference]) == {}
    assert load_images(adapters_for(), bundle).ids == saved.ids


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no file"):
        load_images(adapters_for(), tmp_path / "nothing.tar")
    (tmp_path / "text.tar").write_text("not a tar")
    with pytest.raises(UserError, match="is not a bundle of images"):
        load_images(adapters_for(), tmp_path / "text.tar")


def test_an_interrupted_save_leaves_no_file(tmp_path: Path) -> None:
    """`docker save` is made to wait by a pipe that nobody reads, then interrupted as by Ctrl-C."""
    script = f"""
import os, threading
from pathlib import Path
from datameesh_cli.adapters import image_bundle
file = Path({str(tmp_path / "b.tar")!r})
os.mkfifo(str(file) + ".part")
print("started", flush=True)
image_bundle.save(["datameesh/whatever:1"], file)
"""
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout and child.stdout.readline() == "started\n"
    time.sleep(1)
    child.send_signal(signal.SIGINT)
    _, error = child.communicate(timeout=20)
    assert "KeyboardInterrupt" in error
    assert list(tmp_path.iterdir()) == []


MARKER = "geheim4711"


def on_the_base(adapters: Adapters, name: str, text: str) -> str:
    """Give an image of the checkout a Dockerfile that stands on the real base; return the image's reference."""
    start = 'ARG ROOTFS=datameesh/base:13\nFROM ${ROOTFS}\nLABEL org.opencontainers.image.version="1"\nUSER 0\n'
    (adapters.repository.root / "services" / name / "Dockerfile").write_text(start + text)
    return f"datameesh/{name}:1"


def test_a_mirrors_password_stays_out_of_the_image(
    adapters: Adapters, names: tuple[str, str], tmp_path: Path, built: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real package is fetched through an address with a password; then the image is searched, byte by byte."""
    sources = docker(
        "run", "--rm", "datameesh/base:13", "sh", "-c", "cat /etc/apt/sources.list* /etc/apt/*/* 2>&1 || true"
    )
    named = re.search(r"https?://\S+/debian(?=\s)", sources)
    archive = host_mirrors.host_mirrors().apt or (named[0] if named else "")
    if not archive:
        pytest.skip("neither this machine nor the base says where Debian's packages are")
    monkeypatch.setenv("APT_MIRROR", archive.replace("://", f"://someone:{MARKER}@"))
    for variable in ("GOPROXY", "PIP_INDEX_URL"):
        monkeypatch.setenv(variable, f"https://someone:{MARKER}@nowhere.example/{variable}")
    secret = "RUN --mount=type=secret,id=mirrors"
    seen = "*geheim[4]711*" * 3  # the Dockerfile itself must not hold the marker
    reference = on_the_base(
        adapters,
        names[0],
        f"{secret} apt-install jq\n"
        f'{secret} . /run/secrets/mirrors && case "$APT_MIRROR$GOPROXY$PIP_INDEX_URL" in {seen}) ;; *) exit 1 ;; esac\n'
        "COPY content /\n",
    )
    said: list[str] = []
    build_images(adapters, [names[0]], Told(lambda state: said.extend(b.doing for b in state.running), lambda _: None))
    assert docker("run", "--rm", reference, "jq", "--version").startswith("jq-")
    assert any("jq" in line for line in said)
    assert MARKER not in docker("history", "--no-trunc", reference)
    assert MARKER not in docker("inspect", reference)
    assert MARKER not in "".join(said)
    docker("save", "-o", str(tmp_path / "image.tar"), reference)
    with tarfile.open(tmp_path / "image.tar") as image:
        for member in image:
            content = image.extractfile(member)
            assert not content or MARKER.encode() not in content.read(), member.name


def test_a_failed_builds_log_has_no_password(adapters: Adapters, names: tuple[str, str]) -> None:
    address = f"https://someone:{MARKER}@nowhere.example/debian"
    on_the_base(adapters, names[0], f"RUN echo 'Err:1 {address}' && exit 1\nCOPY content /\n")
    with pytest.raises(HostError) as failed:
        build(adapters, names[0])
    log = (adapters.state.root / "images" / f"{names[0]}.log").read_text()
    assert "https://nowhere.example/debian" in log
    for line in [*log.splitlines(), *failed.value.message.splitlines()]:
        assert MARKER not in line, line


def test_fresh_takes_no_layer_of_an_earlier_build(adapters: Adapters, names: tuple[str, str], built: None) -> None:
    parent = on_the_base(adapters, names[0], "RUN date +%s%N > /stamp\nCOPY content /\n")
    child = f"datameesh/{names[1]}:1"
    dockerfile = adapters.repository.root / "services" / names[1] / "Dockerfile"
    dockerfile.write_text(
        f'FROM {parent}\nLABEL org.opencontainers.image.version="1"\nRUN date +%s%N > /own\nCOPY content /\n'
    )
    build(adapters)
    first = stamps(parent, child)
    (dockerfile.parent / "content").write_text("changed")
    assert build(adapters) == {child: True}
    assert stamps(parent, child) == first, "a plain build uses the layers that are there"
    assert build(adapters) == {child: False}
    assert [b.built for b in build_images(adapters, [], Told(lambda _: None, lambda _: None), fresh=True)] == [
        True,
        True,
    ]
    second = stamps(parent, child)
    assert not set(first) & set(second)
    assert build(adapters) == {child: False}


def test_an_image_knows_the_day_of_its_base(adapters: Adapters, names: tuple[str, str], built: None) -> None:
    """The child is built later, on a base that is there: it is as old as that."""
    parent = on_the_base(adapters, names[0], "COPY content /\n")
    build(adapters, names[0])
    made = docker("image", "inspect", "--format", '{{index .Config.Labels "datameesh.base"}}', parent).strip()
    assert abs((datetime.now(timezone.utc) - datetime.fromisoformat(made)).total_seconds()) < 120
    time.sleep(1.1)
    build(adapters)
    assert base_days(adapters)[f"datameesh/{names[1]}:1"] == made


def stamps(*references: str) -> list[str]:
    """What the builds of these images wrote into them, in the order of the images."""
    return [docker("run", "--rm", r, "sh", "-c", "cat /own 2>/dev/null || cat /stamp").strip() for r in references]


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("debootstrap"), reason="only root makes a root file system, by debootstrap"
)
def test_an_archive_that_nobody_signed_is_refused(tmp_path: Path) -> None:
    """On a machine without Debian's keyring, where debootstrap would only warn."""
    shutil.copytree("/usr/share/debootstrap", tmp_path / "share")
    script = tmp_path / "share/scripts/trixie"
    text = script.read_text()
    script.unlink()
    script.write_text(re.sub(r"(?m)^keyring .*$", f"keyring {tmp_path}/none.gpg", text))
    archive = tmp_path / "archive/dists/trixie"
    archive.mkdir(parents=True)
    (archive / "Release").write_text("Codename: trixie\nArchitectures: amd64\nComponents: main\nSHA256:\n")
    command = [str(ROOT / "services/base/rootfs"), str(tmp_path / "rootfs.tar"), f"file://{tmp_path}/archive"]
    env = os.environ | {"DEBOOTSTRAP_DIR": str(tmp_path / "share")}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert "Keyring-based check was requested" in done.stdout + done.stderr
    assert "Retrieving" not in done.stdout + done.stderr
    assert not (tmp_path / "rootfs.tar").exists()
