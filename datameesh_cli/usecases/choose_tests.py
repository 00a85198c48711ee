"""`dm dev test --changed`: what a change of the checkout can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datameesh_cli.core.images import PREFIX
from datameesh_cli.core.reach_of_change import reached_by, users_of

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters


def choose_tests(adapters: Adapters, base: str) -> tuple[str, ...] | None:
    """Given a commit, return the files and folders of tests that what changed since can reach; None for all.

    Raise UserError if there is no such commit.
    """
    root = adapters.repository.root
    images: dict[str, set[str]] = {}
    for service in adapters.repository.model().services:
        images.setdefault(service.folder, set()).add(_folder(service.image))
    made = adapters.image_folders.read_images(root)
    parents = {image.name: [_folder(parent) for parent in image.parents] for image in made}
    reached = reached_by(adapters.repository.changed(base), users_of(parents, images))
    if reached is None:
        return None
    files = [path for pattern in reached for path in adapters.repository.found(root, pattern)]
    return tuple(dict.fromkeys(adapters.repository.relative(path) for path in files))


def _folder(reference: str) -> str:
    return reference.removeprefix(PREFIX).partition(":")[0]
