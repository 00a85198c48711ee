"""The folders that images are made from: their Dockerfiles and the files these copy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from datameesh_cli.core.images import ImageSource, in_build_order, parse_dockerfile

ROOTFS_SCRIPT = "rootfs"


def read_images(root: Path) -> tuple[ImageSource, ...]:
    """Given the repository, return every image it makes, in build order. Raise UserError for a Dockerfile that is not valid."""
    files = sorted((root / "services").glob("*/Dockerfile"))
    return in_build_order(parse_dockerfile(f.parent.name, f.read_text(encoding="utf-8")) for f in files)


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
        str(path.relative_to(root.resolve())): _digest(path) for path in (p.resolve() for p in found) if path.is_file()
    }


def _files(base: Path, pattern: str) -> Iterator[Path]:
    for match in [base] if pattern == "." else base.glob(pattern):
        yield from match.rglob("*") if match.is_dir() else [match]


def _digest(path: Path) -> bytes:
    executable = b"x" if path.stat().st_mode & 0o100 else b"-"
    return hashlib.sha256(executable + path.read_bytes()).digest()
