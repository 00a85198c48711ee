"""`dm dev new-service`: the folder of a service that works, and the model that knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datameesh_cli.core.new_service import NewService, folder_of

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters


def make_service(adapters: Adapters, asked: NewService) -> tuple[str, ...]:
    """Given a new service, write its folder and make compose/ know it; return its files, relative to the checkout.

    Raise UserError, with nothing written, for a name, a port or a profile that cannot be.
    """
    repository = adapters.repository
    folder = repository.root / "services" / asked.name
    made = {folder / name: text for name, text in folder_of(asked, repository.model()).items()}
    repository.add_folder(folder, made)
    repository.refresh_compose()
    return tuple(repository.relative(path) for path in made)
