"""The lake's share of a data set: raw files of the domains' rows, and the tables that Trino makes over and of them.

The lake is not a transaction. What it holds is written down last (raw/loaded_set.json) and crossed out first, so a load that was
interrupted is done again by the next `dm seed`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from datameesh_cli.adapters import clock, files
from datameesh_cli.adapters.object_store import ObjectStore
from datameesh_cli.adapters.postgres import Session
from datameesh_cli.adapters.trino import Trino
from datameesh_cli.core.sql_text import statements
from datameesh_cli.errors import DmError
from datameesh_cli.usecases.load_domain import Load
from datameesh_cli.usecases.open_lake import LAKE
from datameesh_cli.usecases.open_target import Opened
from datameesh_cli.usecases.read_datasets import Declared

_LOADED = "raw/loaded_set.json"
_SERVICES = ("minio", "hive-metastore", "trino-coordinator")
# An export is kept in memory up to this size, then in a temporary file.
_IN_MEMORY = 8 * 2**20
# Folders of external tables: dropping such a table leaves its files.
_MADE_ANEW = ("processed/sales/", "processed/marketing/")
# The files may outlive the metastore's tables (each has a volume of its own): the last table made must be there too.
_LAST_TABLE = "SHOW TABLES FROM hive.default LIKE 'customers_parquet'"
_NOTEBOOK = "notebooks/analysis_2024.ipynb"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SeededLake:
    """The lake's share: the raw objects with their rows, the statements that Trino ran, and whether that was done now."""

    loaded: bool
    objects: Mapping[str, int]
    statements: int
    seconds: float


def seed_lake(
    opened: Opened, declared: Declared, sessions: Mapping[str, Session], load: Load, force: bool, say: Say
) -> SeededLake | None:
    """Given the domains' databases, holding the set, bring the lake up to it; None where no lake runs, and `say` hears why.

    Raise UnhealthyError if the object store or Trino fails; the domains are not touched by that.
    """
    place = opened.target
    store, trino = place.store, place.trino
    if store is None or not place.running.issuperset(_SERVICES):
        for service in _SERVICES:
            if why := opened.planned.plan.left_out.get(service):
                say(f"lake: {service} does not run here: {why}")
        return None
    began = clock.now()
    held = _held(store)
    if held.get("content") == load.content and not force and trino.query(_LAST_TABLE).rows:
        return SeededLake(False, held.get("objects", {}), 0, clock.now() - began)
    store.remove(LAKE, _LOADED)
    objects = _export(declared, sessions, store, say)
    store.put_file(LAKE, _NOTEBOOK, declared.folder / "lake" / "analysis_2024.ipynb")
    for prefix in _MADE_ANEW:
        for found in store.list(LAKE, prefix):
            store.remove(LAKE, found.key)
    ran = _run_statements(declared, trino, say)
    note = {"set": load.set_name, "scale": load.scale, "content": load.content, "objects": objects}
    store.put(LAKE, _LOADED, json.dumps(note | {"loaded_at": clock.utc().isoformat(timespec="seconds")}).encode())
    return SeededLake(True, objects, ran, clock.now() - began)


def _held(store: ObjectStore) -> dict[str, Any]:
    if store.stat(LAKE, _LOADED) is None:
        return {}
    found = json.loads(store.get(LAKE, _LOADED))
    return found if isinstance(found, dict) else {}


def _export(declared: Declared, sessions: Mapping[str, Session], store: ObjectStore, say: Say) -> dict[str, int]:
    """Write the domains' tables into raw/, as the databases hold them now; return the rows of each object."""
    objects = {}
    for dataset in declared.datasets:
        for table in dataset.raw:
            key = f"raw/{dataset.domain}/{table}.csv"
            objects[key] = _put_query(sessions[dataset.domain], store, f"SELECT * FROM {table} ORDER BY 1", key)
            say(f"lake: {key}, {objects[key]} rows")
    sales = sessions["sales"]
    # The same rows once more, in a folder each: a table takes a whole folder.
    _put_query(sales, store, "SELECT * FROM customers ORDER BY 1", "raw/formats/csv/customers.csv")
    _put_query(
        sales, store, "SELECT row_to_json(c) FROM customers c ORDER BY customer_id", "raw/formats/json/customers.json"
    )
    return objects


def _put_query(session: Session, store: ObjectStore, query: str, key: str) -> int:
    with files.spool(_IN_MEMORY) as spool:
        rows = session.copy_out(query, spool, header=key.endswith(".csv"))
        spool.seek(0)
        store.put(LAKE, key, spool)
        return rows


def _run_statements(declared: Declared, trino: Trino, say: Say) -> int:
    """Run seed/lake/*.sql in order. Raise UnhealthyError, naming file and line, at the first statement that fails."""
    ran = 0
    for path in files.found(declared.folder / "lake", "*.sql"):
        for statement in statements(files.read(path)):
            try:
                trino.query(statement.text)
            except DmError as failed:
                failed.message = f"seed/lake/{path.name}, line {statement.line}: {failed.message}"
                raise
            ran += 1
        say(f"lake: {path.name}")
    return ran
