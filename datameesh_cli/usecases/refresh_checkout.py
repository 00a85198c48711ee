"""The files of the checkout that follow from its folders: compose/ from services/*/, dbt's sources from seed/*/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datameesh_cli.core.stream import Report

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.repository import Repository


FILE = "models/staging/_sources.yml"
"""In the dbt project. dbt reads sources in no other folder, so this third place of a domain is written by `dm`."""


def refresh_checkout(adapters: Adapters, report: Report, *, unless_made_of_it: bool = False) -> None:
    """Make what follows from the folders say what they say; `report` hears of what was not so.

    With `unless_made_of_it` the data sets are not read where dbt's file says that it was made of these: reading them takes a
    tenth of a second, a fifth of what an export takes beside kompose. Raise UserError for a folder that is not valid.
    """
    repository = adapters.repository
    if repository.refresh_compose():
        report("compose/ now says what the service folders say")
    if unless_made_of_it and repository.ends_with(repository.root / "dbt" / FILE, _mark(repository)):
        return
    if repository.refresh(sources(repository)):
        report(f"dbt/{FILE} now says what the data sets say")


def sources(repository: Repository) -> dict[Path, str]:
    """Return dbt's file of sources as the data sets of the checkout have it; nothing where there is no project or no domain."""
    from datameesh_cli.core.dbt_sources import sources_of
    from datameesh_cli.usecases.read_datasets import read_datasets

    project = repository.root / "dbt"
    if not repository.has(project / "dbt_project.yml") or not _datasets(repository):
        return {}
    made = repository.made_text("seed/*/dataset.yaml", sources_of(read_datasets(repository).datasets))
    return {project / FILE: made + _mark(repository)}


def _datasets(repository: Repository) -> tuple[Path, ...]:
    return repository.found(repository.root / "seed", "*/dataset.yaml")


def _mark(repository: Repository) -> str:
    return f"# made of {repository.digest(repository.relative(path) for path in _datasets(repository))}\n"
