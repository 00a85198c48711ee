"""The lake's share of a data set: raw files of the domains' rows, and the tables that Trino makes over and of them.

The lake is not a transaction. What it holds is written down last (raw/loaded_set.json) and crossed out first, so a load that was
interrupted is done again by the next `dm seed`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datameesh_cli.core.roles import METASTORE, OBJECT_STORE, SQL
from datameesh_cli.core.sql_text import Statement, statements
from datameesh_cli.core.stream import Report
from datameesh_cli.errors import DmError
from datameesh_cli.usecases.load_domain import Load
from datameesh_cli.usecases.open_lake import LAKE
from datameesh_cli.usecases.open_target import Opened
from datameesh_cli.usecases.read_datasets import DeclaredData

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.object_store import ObjectStore
    from datameesh_cli.adapters.postgres import DatabaseSession
    from datameesh_cli.adapters.trino import Trino

_LOADED = "raw/loaded_set.json"
_TABLE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+\.\w+)\.(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SeededLake:
    """The lake's share: the raw objects with their rows, the statements that Trino ran, and whether that was done now."""

    loaded: bool
    objects: Mapping[str, int]
    statements: int
    seconds: float


def seed_lake(
    adapters: Adapters,
    opened: Opened,
    declared: DeclaredData,
    sessions: Mapping[str, DatabaseSession],
    load: Load,
    report: Report,
) -> SeededLake | None:
    """Given the domains' databases, holding the set, bring the lake up to it; None where no lake runs, and `report` hears why.

    Raise UnhealthyError if the object store or Trino fails; the domains are not touched by that.
    """
    place = opened.target
    store, trino = place.store, place.trino
    needed = [opened.planned.model.providing(role).name for role in (OBJECT_STORE, METASTORE, SQL)]
    if store is None or not place.running.issuperset(needed):
        for service in needed:
            if why := opened.planned.plan.left_out.get(service):
                report(f"lake: {service} does not run here: {why}")
        return None
    began = adapters.clock.now()
    held = _held(store)
    ours = _statements(declared)
    if held.get("content") == load.content and not load.force and _last_table_is_there(ours, trino):
        return SeededLake(False, held.get("objects", {}), 0, adapters.clock.now() - began)
    store.remove(LAKE, _LOADED)
    objects = _export(declared, sessions, store, report)
    for notebook in declared.repository.found(declared.folder / "lake", "*.ipynb"):
        store.put_file(LAKE, f"notebooks/{notebook.name}", notebook)
    for dataset in declared.datasets:
        # Folders of external tables: dropping such a table leaves its files.
        for found in store.list(LAKE, f"processed/{dataset.domain}/"):
            store.remove(LAKE, found.key)
    ran = _run_statements(ours, trino, report)
    note = {"set": load.set_name, "scale": load.scale, "content": load.content, "objects": objects}
    store.put(
        LAKE, _LOADED, json.dumps(note | {"loaded_at": adapters.clock.utc().isoformat(timespec="seconds")}).encode()
    )
    return SeededLake(True, objects, ran, adapters.clock.now() - began)


def _held(store: ObjectStore) -> dict[str, Any]:
    if store.stat(LAKE, _LOADED) is None:
        return {}
    found = json.loads(store.get(LAKE, _LOADED))
    return found if isinstance(found, dict) else {}


def _export(
    declared: DeclaredData, sessions: Mapping[str, DatabaseSession], store: ObjectStore, report: Report
) -> dict[str, int]:
    """Write the domains' tables into raw/, as the databases hold them now; return the rows of each object."""
    objects = {}
    for dataset in declared.datasets:
        for table in dataset.raw:
            key = f"raw/{dataset.domain}/{table}.csv"
            objects[key] = _put_query(sessions[dataset.domain], store, f"SELECT * FROM {table} ORDER BY 1", key)
            report(f"lake: {key}, {objects[key]} rows")
        for key, query in dataset.also_raw:
            _put_query(sessions[dataset.domain], store, query, key)
    return objects


def _put_query(session: DatabaseSession, store: ObjectStore, query: str, key: str) -> int:
    return store.put_written(LAKE, key, lambda sink: session.copy_out(query, sink, header=key.endswith(".csv")))


def _statements(declared: DeclaredData) -> Mapping[str, Sequence[Statement]]:
    """The statements of seed/lake/*.sql, by file, in order."""
    return {
        path.name: statements(declared.repository.read_text(path))
        for path in declared.repository.found(declared.folder / "lake", "*.sql")
    }


def _last_table_is_there(ours: Mapping[str, Sequence[Statement]], trino: Trino) -> bool:
    """The files may outlive the metastore's tables, each has a volume of its own: the last table made must be there too."""
    made = [found for listed in ours.values() for s in listed if (found := _TABLE.match(s.text))]
    return not made or bool(trino.query(f"SHOW TABLES FROM {made[-1][1]} LIKE '{made[-1][2]}'").rows)


def _run_statements(ours: Mapping[str, Sequence[Statement]], trino: Trino, report: Report) -> int:
    """Run the statements in order. Raise UnhealthyError, naming file and line, at the first that fails."""
    for name, listed in ours.items():
        for statement in listed:
            try:
                trino.query(statement.text)
            except DmError as failed:
                failed.message = f"seed/lake/{name}, line {statement.line}: {failed.message}"
                raise
        report(f"lake: {name}")
    return sum(map(len, ours.values()))
