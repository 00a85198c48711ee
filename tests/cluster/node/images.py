"""Images for the node's own pods, made from the cached binaries; and images of the engine, carried over."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import platform
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.cluster.node.components import CONTAINERD_SOCKET, DEBIAN
from tests.cluster.node.failure import Failure
from tests.cluster.node.layout import SANDBOX_IMAGE, State
from tests.cluster.node.tools import Cache

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class Image:
    """One static binary and nothing else; `links` are further names of it."""

    name: str
    binary: Path
    path: str
    command: tuple[str, ...]
    links: tuple[str, ...] = ()


def own(cache: Cache) -> list[Image]:
    """Busybox is three things: the process that holds a pod's namespaces, the volume helper's shell, the tests' client."""
    busybox = cache.debian / "bin" / "busybox"
    if not busybox.exists():
        busybox = cache.debian / "usr" / "bin" / "busybox"
    applets = subprocess.run([str(busybox), "--list"], text=True, capture_output=True, check=True).stdout.split()
    links = tuple(f"bin/{name}" for name in applets if name != "busybox")
    images = [Image(SANDBOX_IMAGE, busybox, "bin/busybox", ("/bin/sleep", "2147483647"), links)]
    for name in ("coredns", "metrics-server", "local-path-provisioner"):
        images.append(Image(f"node.local/{name}:1", cache.bin / name, name, (f"/{name}",)))
    return images


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _layer(image: Image) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        for folder in ("bin", "tmp"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            layer.addfile(entry)
        binary = layer.gettarinfo(str(image.binary), image.path)
        binary.mode, binary.uid, binary.gid, binary.uname, binary.gname = 0o755, 0, 0, "", ""
        with image.binary.open("rb") as content:
            layer.addfile(binary, content)
        for name in image.links:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, "/" + image.path
            layer.addfile(link)
    return buffer.getvalue()


def write_archive(image: Image, out: IO[bytes]) -> None:
    """The form that `docker save` has, as a stream."""
    layer = _layer(image)
    config = {
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"Cmd": list(image.command), "Env": ["PATH=/bin:/"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [image.name], "Layers": ["layer.tar"]}]
    with tarfile.open(fileobj=out, mode="w|") as archive:
        _add(archive, "config.json", json.dumps(config).encode())
        _add(archive, "layer.tar", layer)
        _add(archive, "manifest.json", json.dumps(manifest).encode())


def _import(inside: list[str]) -> subprocess.Popen[bytes]:
    ctr = [
        *inside,
        str(DEBIAN / "usr/bin/ctr"),
        "--address",
        CONTAINERD_SOCKET,
        "--namespace",
        "k8s.io",
        "images",
        "import",
    ]
    return subprocess.Popen([*ctr, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def _finish(importer: subprocess.Popen[bytes], what: str) -> None:
    output, _ = importer.communicate()
    if importer.returncode:
        raise Failure(
            f"containerd did not take {what}: {output.decode(errors='replace')[-800:].strip()}",
            "see logs/containerd.log",
        )


def load_own(inside: list[str], cache: Cache) -> None:
    """Into the node's containerd; `inside` is the prefix that runs a command in the node."""
    for image in own(cache):
        importer = _import(inside)
        assert importer.stdin
        with contextlib.suppress(BrokenPipeError):  # the importer says why
            write_archive(image, importer.stdin)
        _finish(importer, image.name)


def _ids(images: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in images:
        try:
            done = subprocess.run(
                ["docker", "image", "inspect", "--format", "{{.Id}}", name], text=True, capture_output=True
            )
        except FileNotFoundError:
            raise Failure("docker is not there", "images are taken from its engine", skip=True) from None
        if done.returncode:
            raise Failure(f"the engine has no image {name}", "make it: ./dm images build; or see docker image ls")
        found[name] = done.stdout.strip()
    return found


def load(inside: list[str], state: State, names: list[str]) -> list[str]:
    """Carries images of the engine over; those that the node has in the same state are left out. What was carried."""
    record = state.folder / "loaded.json"
    loaded = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    ids = _ids(names)
    todo = [name for name in names if loaded.get(name) != ids[name]]
    for name in todo:
        importer = _import(inside)
        save = subprocess.Popen(["docker", "save", name], stdout=importer.stdin, stderr=subprocess.PIPE)
        assert importer.stdin and save.stderr
        importer.stdin.close()
        importer.stdin = None
        problem = save.stderr.read().decode(errors="replace")
        _finish(importer, name)
        if save.wait():
            raise Failure(f"docker save {name} failed: {problem.strip()}", "see docker image ls")
        loaded[name] = ids[name]
        record.write_text(json.dumps(loaded, indent=1), encoding="utf-8")
    return todo
