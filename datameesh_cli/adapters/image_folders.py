"""The folders that images are made from: their Dockerfiles and the files these copy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from datameesh_cli.adapters import files
from datameesh_cli.core.images import ImageSource, in_build_order, parse_dockerfile

ROOTFS_SCRIPT = "rootfs"


def read_images(root: Path) -> tuple[ImageSource, ...]:
    """Given the repository, return every image it makes, in build order. Raise UserError for a Dockerfile that is not valid."""
    found = files.found(root / "services", "*/Dockerfile")
    return in_build_order(parse_dockerfile(f.parent.name, files.read(f)) for f in found)


def folder(root: Path, image: ImageSource) -> Path:
    """Given the repository and an image, return the folder of its Dockerfile."""
    return root / "services" / image.name


def context(root: Path, image: ImageSource) -> Path:
    """Given the repository and an image, return the folder its build may copy from."""
    return (folder(root, image) / image.context).resolve()


def input_files(root: Path, image: ImageSource) -> Mapping[str, bytes]:
    """Given the repository and an image, return path and digest (content and executable bit) of each file that goes into it."""
    base = context(root, image)
    own = folder(root, image)
    found = {own / "Dockerfile"}
    if image.rootfs:
        found.add(own / ROOTFS_SCRIPT)
    for pattern in image.copies:
        found.update(_files(base, pattern.strip("/") or "."))
    return {
        str(path.relative_to(root.resolve())): _digest(path)
        for path in (p.resolve() for p in found)
        if files.is_file(path)
    }


def _files(base: Path, pattern: str) -> Iterator[Path]:
    for match in [base] if pattern == "." else files.found(base, pattern):
        yield from files.found(match, "**/*") if files.is_folder(match) else [match]


def _digest(path: Path) -> bytes:
    executable = b"x" if files.is_executable(path) else b"-"
    return hashlib.sha256(executable + files.read_bytes(path)).digest()
