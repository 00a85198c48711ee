"""What the Dockerfiles say: which image comes of which folder, in which order they are built, and when one is out of date.

An image is up to date when the hash of its inputs, kept in its label `datameesh.inputs`, is the hash of what is there now:
its Dockerfile, the files that it copies, and the same of every image it is built from.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from datameesh_cli.errors import UserError

PREFIX = "datameesh/"
INPUTS_LABEL = "datameesh.inputs"
ROOTFS_LABEL = "datameesh.rootfs"
BASE_LABEL = "datameesh.base"
"""When the base that an image stands on was made. Its packages are at least as new as that: a new base builds all of them anew."""

MAX_BASE_DAYS = 30
"""From this age on a base is called old. Debian publishes security updates every few days and a point release every two months:
a month keeps the gap below one point release, and rebuilding oftener costs minutes for little."""

_VERSION = "org.opencontainers.image.version"
_CONTEXT = "datameesh.context"
_ROOTFS = re.compile(r"(?m)^ARG ROOTFS=(\S+)$")


@dataclass(frozen=True, slots=True)
class ImageSource:
    """One Dockerfile: the image it makes, the images of ours it is built from, and the files it copies.

    `context` is relative to the folder, `copies` (files, folders or patterns) to the context. `rootfs` is the image of others
    that the base stands on, and that is made by the folder's script `rootfs` where it cannot be pulled.
    """

    name: str
    version: str
    parents: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    context: str = "."
    rootfs: str | None = None

    @property
    def reference(self) -> str:
        """The name the engine knows it by: `datameesh/trino:476`."""
        return f"{PREFIX}{self.name}:{self.version}"


def parse_dockerfile(name: str, text: str) -> ImageSource:
    """Given a folder's name and its Dockerfile, return what it says. Raise UserError if it has no version label."""
    labels: dict[str, str] = {}
    parents: dict[str, None] = {}
    copies: dict[str, None] = {}
    for instruction, rest in _instructions(text):
        if instruction == "LABEL":
            labels.update(_pairs(rest))
        elif instruction == "FROM":
            parents.update(dict.fromkeys(_ours(_plain(rest)[:1])))
        elif instruction in ("COPY", "ADD"):
            sources, origin = _copied(rest)
            parents.update(dict.fromkeys(_ours([origin])))
            copies.update(dict.fromkeys(sources if not origin else ()))
        elif instruction == "RUN" and "--mount=type=bind" in rest:
            copies["."] = None
    if _VERSION not in labels:
        raise UserError(
            f"services/{name}/Dockerfile: the label {_VERSION} is missing", f'write: LABEL {_VERSION}="1.0"'
        )
    rootfs = _ROOTFS.search(text)
    return ImageSource(
        name, labels[_VERSION], tuple(parents), tuple(copies), labels.get(_CONTEXT, "."), rootfs[1] if rootfs else None
    )


def in_build_order(images: Iterable[ImageSource]) -> tuple[ImageSource, ...]:
    """Given all images, return them so that each stands after those it is built from; ties by name.

    Raise UserError if one is built from an image that no folder makes, or if they are built from each other.
    """
    waiting = {image.reference: image for image in sorted(images, key=lambda i: i.name)}
    ordered: dict[str, ImageSource] = {}
    for image in waiting.values():
        for parent in image.parents:
            if parent not in waiting:
                where = f"services/{image.name}/Dockerfile"
                raise UserError(f"{where}: no folder makes {parent}", "images: " + ", ".join(waiting))
    while waiting:
        ready = [i for i in waiting.values() if not any(p in waiting for p in i.parents)]
        if not ready:
            raise UserError(
                "images are built from each other: " + ", ".join(waiting), "break the circle in their FROM lines"
            )
        for image in ready:
            ordered[image.reference] = waiting.pop(image.reference)
    return tuple(ordered.values())


def named(images: Iterable[ImageSource], names: Iterable[str]) -> tuple[ImageSource, ...]:
    """Given all images and some names (`trino` or `datameesh/trino:476`), return those. Raise UserError for an unknown one."""
    everyone = tuple(images)
    found = []
    for name in names:
        match = [i for i in everyone if name in (i.name, i.reference)]
        if not match:
            raise UserError(f"there is no image '{name}'", "images: " + ", ".join(i.name for i in everyone))
        found += match
    return tuple(dict.fromkeys(found))


def shipped(images: Iterable[ImageSource], used: Iterable[str]) -> tuple[ImageSource, ...]:
    """Given all images and the references that services use, return those that are used or that nothing is built from.

    What is left out (the base, the toolchain) only matters while others are built.
    """
    everyone = tuple(images)
    parents = {p for image in everyone for p in image.parents}
    wanted = set(used)
    return tuple(i for i in everyone if i.reference in wanted or i.reference not in parents)


def input_hashes(images: Iterable[ImageSource], files: Mapping[str, Mapping[str, bytes]]) -> dict[str, str]:
    """Given images in build order and each one's input files (path -> digest), return the input hash of each, by reference."""
    hashes: dict[str, str] = {}
    for image in images:
        whole = hashlib.sha256()
        for parent in image.parents:
            whole.update(hashes[parent].encode())
        for path, digest in sorted(files[image.name].items()):
            whole.update(path.encode() + b"\0" + digest)
        hashes[image.reference] = whole.hexdigest()
    return hashes


def to_build(
    images: Iterable[ImageSource],
    wanted: Iterable[ImageSource],
    hashes: Mapping[str, str],
    present: Mapping[str, str],
    *,
    fresh: bool = False,
) -> tuple[ImageSource, ...]:
    """Given images in build order, the wanted ones, the hashes there should be and those of the images that are there, return
    what must be built: each wanted image that is missing or out of date, and first what it is built from, if that is so too.
    With `fresh` each wanted image and all that it is built from, whatever is there.
    """
    everyone = tuple(images)
    needed: set[str] = set()
    for image in reversed(everyone):
        asked = image in tuple(wanted) or any(image.reference in i.parents for i in everyone if i.reference in needed)
        if asked and (fresh or present.get(image.reference) != hashes[image.reference]):
            needed.add(image.reference)
    return tuple(i for i in everyone if i.reference in needed)


def next_builds(
    todo: Sequence[ImageSource], running: Iterable[ImageSource], done: Iterable[ImageSource], at_once: int
) -> tuple[ImageSource, ...]:
    """Given what must be built and of that what is being built and what is ready, return what to begin now, with `at_once`
    running at most: images whose parents are ready, first those that the most others wait for.
    """
    busy, ready = set(running), set(done)
    waiting = [i for i in todo if i not in busy and i not in ready]
    unready = {i.reference for i in todo if i not in ready}
    free = [i for i in waiting if not unready & set(i.parents)]
    free.sort(key=lambda i: -len(_waiting_for(i, todo)))
    return tuple(free[: max(0, at_once - len(busy))])


def old_images(bases: Mapping[str, str], now: datetime) -> dict[str, int]:
    """Given when the base of each image was made (ISO 8601 in UTC, by reference; "" where nobody knows) and the time now, return
    the age in days of those that stand on an old base (see MAX_BASE_DAYS), the oldest first.
    """
    ages = {reference: (now - _moment(made)).days for reference, made in bases.items() if made}
    old = {reference: days for reference, days in ages.items() if days >= MAX_BASE_DAYS}
    return dict(sorted(old.items(), key=lambda item: (-item[1], item[0])))


def _moment(text: str) -> datetime:
    # The engine writes nanoseconds, which Python 3.10 does not read.
    return datetime.fromisoformat(text[:19]).replace(tzinfo=timezone.utc)


def _waiting_for(image: ImageSource, todo: Sequence[ImageSource]) -> set[str]:
    direct = [i for i in todo if image.reference in i.parents]
    return {i.reference for i in direct}.union(*(_waiting_for(i, todo) for i in direct))


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\[ \t]*\n", " ", "\n".join(lines))
    parts = (line.strip().split(None, 1) for line in joined.splitlines())
    return [(p[0].upper(), p[1]) for p in parts if len(p) == 2]


def _pairs(rest: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(rest) if "=" in word)


def _plain(rest: str) -> list[str]:
    return [word for word in rest.split() if not word.startswith("--")]


def _ours(references: Iterable[str]) -> list[str]:
    return [r for r in references if r.startswith(PREFIX)]


def _copied(rest: str) -> tuple[list[str], str]:
    """Given the words of a COPY, return its sources and the stage or image they come from ("" for the context)."""
    origin = next((word.removeprefix("--from=") for word in rest.split() if word.startswith("--from=")), "")
    words = _plain(rest)
    if words and words[0].startswith("["):
        words = re.findall(r'"([^"]*)"', rest)
    # A source named by a variable is unknown here: everything counts then.
    return ["." if "$" in word else word for word in words[:-1]], origin
