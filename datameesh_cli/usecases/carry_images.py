"""`dm images save` and `load`: all images in one file, for a machine without a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datameesh_cli.core import bundle, images
from datameesh_cli.errors import HostError, UserError

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters


@dataclass(frozen=True, slots=True)
class Bundle:
    """A file with images: where it is, its size in MiB, what is in it, and the content id of each."""

    file: Path
    size: int
    images: tuple[str, ...]
    ids: dict[str, str]


def save_images(adapters: Adapters, file: Path) -> Bundle:
    """Given a file, write every image that services use into it, whole or not at all, with a list of their content ids.

    Raise HostError if one is missing.
    """
    services = adapters.repository.model().services
    shipped = images.shipped(adapters.image_folders.read_images(adapters.repository.root), (s.image for s in services))
    references = [i.reference for i in shipped]
    there = adapters.images.present(references)
    missing = [r for r in references if r not in there]
    if missing:
        raise HostError("missing images: " + ", ".join(missing), "run: dm images build")
    ids = adapters.bundles.save(references, file)
    return Bundle(file, adapters.bundles.size(file), tuple(references), ids)


def load_images(adapters: Adapters, file: Path) -> Bundle:
    """Given a file that `save` wrote, hand its images to the engine.

    Raise UserError, before the engine has seen anything, if it is not one or if an image in it is not the one it lists.
    """
    listed, found = adapters.bundles.read(file)
    wrong = bundle.difference(listed, found)
    if wrong:
        raise UserError(f"{file} {wrong}", "it was changed after it was written; get it again from where it was made")
    return Bundle(file, adapters.bundles.size(file), adapters.bundles.load(file), listed)
