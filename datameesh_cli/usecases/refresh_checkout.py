"""The files of the checkout that follow from its folders: compose/ from services/*/, dbt's sources from seed/*/."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from datameesh_cli.core.dbt_sources import FILE, sources_of
from datameesh_cli.usecases.read_datasets import read_datasets

if TYPE_CHECKING:
    from datameesh_cli.adapters.outside import Outside
    from datameesh_cli.adapters.repository import Repository

Say = Callable[[str], None]


def refresh_checkout(outside: Outside, say: Say) -> None:
    """Make what follows from the folders say what they say; `say` hears of what was not so.

    Raise UserError for a folder that is not valid.
    """
    repository = outside.repository
    if repository.refresh_compose():
        say("compose/ now says what the service folders say")
    if repository.refresh(sources(repository)):
        say(f"dbt/{FILE} now says what the data sets say")


def sources(repository: Repository) -> dict[Path, str]:
    """Return dbt's file of sources as the data sets of the checkout have it; nothing where there is no project or no domain."""
    project = repository.root / "dbt"
    if not repository.has(project / "dbt_project.yml") or not repository.found(
        repository.root / "seed", "*/dataset.yaml"
    ):
        return {}
    return {project / FILE: repository.made_text("seed/*/dataset.yaml", sources_of(read_datasets(repository).datasets))}
