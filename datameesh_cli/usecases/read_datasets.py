"""What seed/ declares: the people, each domain's dataset, and a digest of everything that the rows follow from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datameesh_cli.core import seed as generators
from datameesh_cli.core.seed.dataset import Database, Dataset, database_from, dataset_from
from datameesh_cli.core.seed.people import People
from datameesh_cli.core.seed.people_file import people_from
from datameesh_cli.errors import UserError

if TYPE_CHECKING:
    from datameesh_cli.adapters.repository import Repository


@dataclass(frozen=True, slots=True)
class DeclaredData:
    """All data sets: the people, the domains' datasets by name, and the folder of seed files."""

    repository: Repository
    people: People
    datasets: tuple[Dataset, ...]
    folder: Path
    digest: str

    def schema(self, dataset: Dataset) -> str:
        """Given a dataset, return the SQL that makes its tables."""
        return self.repository.read_text(self.folder / dataset.domain / "schema.sql")

    @property
    def loaded_set(self) -> str:
        """The SQL that makes the table in which a load is written down."""
        return self.repository.read_text(self.folder / "loaded_set.sql")

    def content(self, set_name: str, scale: int) -> str:
        """Given a set and a scale, return a text that changes when any row of it could."""
        return hashlib.sha256(f"{self.digest} {set_name} {scale}".encode()).hexdigest()[:16]


def read_databases(repository: Repository) -> dict[str, Database]:
    """Return the database of each domain that seed/ declares, by domain. Raise UserError for what is not valid."""
    return {
        path.parent.name: database_from(repository.read_yaml(path), repository.relative(path))
        for path in repository.found(repository.root / "seed", "*/dataset.yaml")
    }


def read_datasets(repository: Repository) -> DeclaredData:
    """Return what seed/ declares, domains in alphabetical order.

    Raise UserError, naming file and line or key, for what is missing or not valid.
    """
    folder = repository.root / "seed"
    file = folder / "people.yaml"
    people = people_from(repository.read_yaml(file), repository.relative(file))
    names = tuple(declared.name for declared in people.sets)
    found = repository.found(folder, "*/dataset.yaml")
    if not found:
        raise UserError("no data set was found under seed/", "run dm from a complete checkout")
    datasets = []
    for path in found:
        if not repository.has(path.with_name("schema.sql")):
            missing = repository.relative(path.with_name("schema.sql"))
            raise UserError(f"{missing} is missing", "a domain has dataset.yaml and schema.sql")
        data = repository.read_yaml(path)
        datasets.append(dataset_from(data, path.parent.name, repository.relative(path), names))
    return DeclaredData(repository, people, tuple(datasets), folder, _digest(repository, folder))


def _digest(repository: Repository, folder: Path) -> str:
    """A digest of the declarations and of the code that makes rows of them."""
    sources = [path for path in repository.found(folder, "**/*") if path.suffix in (".yaml", ".sql", ".ipynb")]
    sources += [path for place in generators.__path__ for path in repository.found(Path(place), "*.py")]
    digest = hashlib.sha256()
    for path in sorted(sources, key=lambda path: (path.parent.name, path.name)):
        digest.update(path.name.encode() + b"\0" + repository.read_bytes(path) + b"\0")
    return digest.hexdigest()
