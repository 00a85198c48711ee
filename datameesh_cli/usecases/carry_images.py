"""`dm images save` and `load`: all images in one file, for a machine without a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datameesh_cli.adapters import files, image_builder, image_bundle
from datameesh_cli.adapters.image_folders import read_images
from datameesh_cli.adapters.outside import Outside
from datameesh_cli.core import bundle, images
from datameesh_cli.errors import HostError, UserError


@dataclass(frozen=True, slots=True)
class Bundle:
    """A file with images: where it is, its size in MiB, what is in it, and the content id of each."""

    file: Path
    size: int
    images: tuple[str, ...]
    ids: dict[str, str]


def save_images(outside: Outside, file: Path) -> Bundle:
    """Given a file, write every image that services use into it, whole or not at all, with a list of their content ids.

    Raise HostError if one is missing.
    """
    services = outside.repository.model().services
    shipped = images.shipped(read_images(outside.repository.root), (s.image for s in services))
    references = [i.reference for i in shipped]
    there = image_builder.present(references)
    missing = [r for r in references if r not in there]
    if missing:
        raise HostError("missing images: " + ", ".join(missing), "run: dm images build")
    if files.is_folder(file):
        raise UserError(f"{file} is a folder", f"name a file: dm images save {file / 'datameesh-images.tar'}")
    ids = image_bundle.save(references, file)
    return Bundle(file, files.size(file) // 2**20, tuple(references), ids)


def load_images(file: Path) -> Bundle:
    """Given a file that `save` wrote, hand its images to the engine.

    Raise UserError, before the engine has seen anything, if it is not one or if an image in it is not the one it lists.
    """
    listed, found = image_bundle.read(file)
    wrong = bundle.difference(listed, found)
    if wrong:
        raise UserError(f"{file} {wrong}", "it was changed after it was written; get it again from where it was made")
    return Bundle(file, files.size(file) // 2**20, image_bundle.load(file), listed)
