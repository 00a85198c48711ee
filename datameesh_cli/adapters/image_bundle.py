"""A bundle: images in one tar file, as the engine writes and reads it, and the list of their content ids, as we do.

The id of an image is the sha256 of its configuration, which names the sha256 of each of its layers; so one id stands for every
byte of an image, whichever engine wrote the file.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from datameesh_cli.adapters import docker, files, process
from datameesh_cli.adapters.answers import short
from datameesh_cli.core.bundle import LIST
from datameesh_cli.core.stream import heard
from datameesh_cli.errors import HostError, UserError

_AGAIN = "make it again with: dm images save FILE"
_GZIP = b"\x1f\x8b"
_BROKEN = (tarfile.TarError, OSError, EOFError, ValueError, KeyError, TypeError)
"""What reading a file that is no bundle, or is cut off, ends in."""


class Bundles(Protocol):
    """What a use case may ask of this file."""

    def save(self, references: Sequence[str], file: Path) -> dict[str, str]: ...
    def read(self, file: Path) -> tuple[dict[str, str], dict[str, str]]: ...
    def load(self, file: Path) -> tuple[str, ...]: ...
    def size(self, file: Path) -> int: ...


def save(references: Sequence[str], file: Path) -> dict[str, str]:
    """Given images and a file, write them all into it, whole or not at all, and return their content ids.

    Raise UserError or HostError if that fails.
    """
    if files.is_folder(file):
        raise UserError(f"{file} is a folder", f"name a file: dm images save {file / 'datameesh-images.tar'}")
    part = file.with_name(file.name + ".part")
    try:
        # Through the shell's redirection: `docker save -o` would leave a file under a name of its own when it is stopped.
        _to_end(
            ["sh", "-c", 'out=$1; shift; exec "$@" > "$out"', "sh", str(part), *docker.command("save", *references)],
            "save the images",
        )
        try:
            ids = _contents(part)
        except _BROKEN as odd:
            raise HostError(f"'docker save' wrote no images ({short(str(odd))[:80]})", "see: ./dm doctor") from odd
        _append_list(part, ids)
        files.move(part, file)
    finally:
        files.remove(part)
    return ids


def read(file: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Given a bundle, return the content ids that it lists and those of the images in it, from their bytes.

    Raise UserError if it is no bundle, or if an image is not the one that its own id names.
    """
    if not files.is_file(file):
        raise UserError(f"there is no file {file}", "make one with: dm images save FILE")
    try:
        with _opened(file) as bundle:
            names = bundle.getnames()
            if "manifest.json" not in names:
                raise UserError(f"{file} is not a bundle of images", "make one with: dm images save FILE")
            listed: dict[str, str] = json.loads(_bytes(bundle, LIST))["images"] if LIST in names else {}
        if not listed:
            raise UserError(f"{file} does not list what is in it: it was not written by dm images save", _AGAIN)
        return listed, _contents(file)
    except _BROKEN as broken:
        raise UserError(f"{file} is not a bundle of images", "make one with: dm images save FILE") from broken


def load(file: Path) -> tuple[str, ...]:
    """Given a bundle, hand its images to the engine and return their references. Raise UserError if it refuses them."""
    lines = _to_end(docker.command("load", "-i", str(file)), f"load {file}")
    return tuple(sorted(ln.split(": ", 1)[1] for ln in lines if ln.startswith("Loaded image: ")))


def size(file: Path) -> int:
    """Given a bundle, return its size in MiB."""
    return files.size(file) // 2**20


def _contents(file: Path) -> dict[str, str]:
    """Return the content id of each image in a file, by reference. Raise UserError if a layer is not what its image says."""
    known: dict[str, str] = {}
    found = {}
    with _opened(file) as bundle:
        for image in json.loads(_bytes(bundle, "manifest.json")):
            raw = _bytes(bundle, image["Config"])
            promised = json.loads(raw)["rootfs"]["diff_ids"]
            for layer in image["Layers"]:
                if layer not in known:
                    known[layer] = _digest(_member(bundle, layer))
            if [known[layer] for layer in image["Layers"]] != promised:
                names = ", ".join(image["RepoTags"] or ["an image"])
                raise UserError(f"{file}: a layer of {names} is not what the image says", _AGAIN)
            found.update(dict.fromkeys(image["RepoTags"] or (), "sha256:" + hashlib.sha256(raw).hexdigest()))
    return found


def _append_list(file: Path, ids: Mapping[str, str]) -> None:
    text = json.dumps({"images": ids}, indent=1, sort_keys=True).encode()
    entry = tarfile.TarInfo(LIST)
    entry.size = len(text)
    with files.reading(file, change=True) as (stream, _), files.explained("write", file):
        with tarfile.open(fileobj=stream, mode="a") as bundle:
            bundle.addfile(entry, io.BytesIO(text))


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    with files.reading(file) as (stream, _), tarfile.open(fileobj=stream) as bundle:
        yield bundle


def _member(bundle: tarfile.TarFile, name: str) -> IO[bytes]:
    content = bundle.extractfile(name)
    if content is None:
        raise ValueError(f"{name} is no file")
    return content


def _bytes(bundle: tarfile.TarFile, name: str) -> bytes:
    return _member(bundle, name).read()


def _digest(content: IO[bytes]) -> str:
    """The sha256 of a layer's tar. Engines that keep images compressed write them so; the id is that of the plain tar."""
    packed = content.read(2) == _GZIP
    content.seek(0)
    plain: Any = gzip.GzipFile(fileobj=content) if packed else content
    whole = hashlib.sha256()
    while block := plain.read(1 << 20):
        whole.update(block)
    return "sha256:" + whole.hexdigest()


def _to_end(command: Sequence[str], doing: str) -> list[str]:
    """Run a command that may take long and may be stopped by Ctrl-C; return its lines. Raise what explains a failure."""
    lines: list[str] = []
    if heard(process.stream(command), lines.append):
        raise _explained(doing, lines)
    return lines


def _explained(doing: str, lines: Sequence[str]) -> Exception:
    text = "\n".join(lines)
    for sign in ("invalid tar header", "unexpected EOF", "Error processing tar file", "unrecognized image format"):
        if sign in text:
            return UserError(
                f"cannot {doing}: it is not a whole image bundle", "make it again with: dm images save FILE"
            )
    for sign in ("cannot create", "Permission denied", "nonexistent", "Is a directory"):
        if sign in text and "sock" not in text:
            return UserError(f"cannot {doing}: {lines[-1].split(': ', 1)[-1]}", "name a file that can be written")
    if "No space left" in text or "no space left" in text:
        return HostError(f"cannot {doing}: the disk is full", "free some space, or name a file on another disk")
    return docker.failure(doing, text)
