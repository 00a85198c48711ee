"""The files of the checkout that follow from its folders: compose/ from services/*/, dbt's sources from seed/*/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datameesh_cli.core.dbt_sources import FILE, sources_of
from datameesh_cli.core.stream import Report
from datameesh_cli.usecases.read_datasets import read_datasets

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.repository import Repository


def refresh_checkout(adapters: Adapters, report: Report) -> None:
    """Make what follows from the folders say what they say; `report` hears of what was not so.

    Raise UserError for a folder that is not valid.
    """
    repository = adapters.repository
    if repository.refresh_compose():
        report("compose/ now says what the service folders say")
    if repository.refresh(sources(repository)):
        report(f"dbt/{FILE} now says what the data sets say")


def sources(repository: Repository) -> dict[Path, str]:
    """Return dbt's file of sources as the data sets of the checkout have it; nothing where there is no project or no domain."""
    project = repository.root / "dbt"
    if not repository.has(project / "dbt_project.yml") or not repository.found(
        repository.root / "seed", "*/dataset.yaml"
    ):
        return {}
    return {project / FILE: repository.made_text("seed/*/dataset.yaml", sources_of(read_datasets(repository).datasets))}
