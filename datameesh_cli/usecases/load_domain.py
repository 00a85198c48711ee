"""One domain's tables, loaded in one transaction that the caller commits.

Triggers and foreign keys are put aside while the rows come and are back before the commit: the keys are checked for all rows
at once, and what triggers keep (a customer's revenue) comes with the rows and is checked by the dataset's `must_hold`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datameesh_cli.core.seed.dataset import Dataset, Table
from datameesh_cli.core.seed.plan import Plan
from datameesh_cli.core.seed.rows import copy_text
from datameesh_cli.core.sql_text import quoted
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.find_changes import checksum
from datameesh_cli.usecases.read_datasets import DeclaredData

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Clock
    from datameesh_cli.adapters.postgres import DatabaseSession

_KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND conrelid = ANY(%s::text[]::regclass[]) AND confrelid = ANY(%s::text[]::regclass[]) ORDER BY 1, 2
"""
_FORCED = "SELECT oid::regclass::text FROM pg_class WHERE relforcerowsecurity AND oid = ANY(%s::text[]::regclass[])"
_IDENTITIES = """
SELECT attrelid::regclass::text, quote_ident(attname) FROM pg_attribute
WHERE attidentity <> '' AND NOT attisdropped AND attrelid = ANY(%s::text[]::regclass[])
"""
_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position
"""


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """A table that is being loaded: how many of its rows were sent after how many seconds, and whether that is all."""

    domain: str
    table: str
    rows: int
    seconds: float
    done: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be loaded: a set at a scale, with its people and the digest of its content; `force`: also where it is loaded."""

    set_name: str
    scale: int
    content: str
    plan: Plan
    force: bool = False


Watch = Callable[[LoadProgress], None]


def load_domain(
    clock: Clock, session: DatabaseSession, declared: DeclaredData, dataset: Dataset, load: Load, watch: Watch
) -> tuple[LoadProgress, ...]:
    """Given an open transaction, a domain and what to load, replace all rows of its tables; return each table's rows and time.

    Raise UserError where the declarations do not fit the schema or the rows break a rule. The caller commits.
    """
    tables = dataset.tables
    names = [quoted(table.name) for table in tables]
    session.run(declared.schema(dataset))
    session.run(declared.loaded_set)
    for table in tables:
        _refuse_other_columns(session, dataset, table)
    done = []
    with _rules_aside(session, names):
        session.run(f"TRUNCATE {', '.join(names)} RESTART IDENTITY")
        for table in tables:
            done.append(_load_table(clock, session, dataset, table, load, watch))
    for table_name, column in session.run(_IDENTITIES, [names]):
        [(last,)] = session.run(f"SELECT max({column}) FROM {table_name}")
        if last is not None:
            session.run(f"ALTER TABLE {table_name} ALTER COLUMN {column} RESTART WITH {last + 1}")
    for rule, query in dataset.must_hold:
        [(broken,)] = session.run(query)
        if broken:
            raise UserError(
                f"seed/{dataset.domain}/dataset.yaml: must_hold.{rule}: {broken} rows break it", "nothing was changed"
            )
    _write_down(session, load, done)
    session.run(f"ANALYZE {', '.join(names)}, datameesh.loaded_set")
    return tuple(done)


def _write_down(session: DatabaseSession, load: Load, done: Sequence[LoadProgress]) -> None:
    session.run("TRUNCATE datameesh.loaded_set")
    for table in done:
        session.run(
            "INSERT INTO datameesh.loaded_set (set_name, table_name, row_count, scale, content, checksum) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            (load.set_name, table.table, table.rows, load.scale, load.content, checksum(session, table.table)),
        )


def _load_table(
    clock: Clock, session: DatabaseSession, dataset: Dataset, table: Table, load: Load, watch: Watch
) -> LoadProgress:
    began = clock.now()
    columns = [column.name for column in table.loaded_columns]
    chunks = copy_text(dataset, table, load.plan, load.set_name)
    rows = session.copy_in(
        table.name,
        columns,
        chunks,
        lambda sent: watch(LoadProgress(dataset.domain, table.name, sent, clock.now() - began)),
    )
    finished = LoadProgress(dataset.domain, table.name, rows, clock.now() - began, done=True)
    watch(finished)
    return finished


@contextmanager
def _rules_aside(session: DatabaseSession, names: Sequence[str]) -> Iterator[None]:
    """Drop the tables' foreign keys, switch their triggers off and row security for the owner, whom it keeps from COPY.

    Put all three back: the keys check all rows then.
    """
    forced = session.run(_FORCED, [names])
    for (table,) in forced:
        session.run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    keys = session.run(_KEYS, [names, names])
    for table, key, _ in keys:
        session.run(f"ALTER TABLE {table} DROP CONSTRAINT {key}")
    for name in names:
        session.run(f"ALTER TABLE {name} DISABLE TRIGGER USER")
    yield
    for table, key, definition in keys:
        session.run(f"ALTER TABLE {table} ADD CONSTRAINT {key} {definition}")
    for name in names:
        session.run(f"ALTER TABLE {name} ENABLE TRIGGER USER")
    for (table,) in forced:
        session.run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _refuse_other_columns(session: DatabaseSession, dataset: Dataset, table: Table) -> None:
    there = [name for (name,) in session.run(_COLUMNS, [table.name])]
    declared = [column.name for column in table.columns]
    if there != declared:
        raise UserError(
            f"seed/{dataset.domain}/dataset.yaml: tables.{table.name}: declares {', '.join(declared)}; "
            f"the database has {', '.join(there) or 'no such table'}",
            "make schema.sql and dataset.yaml agree; after a change of schema.sql: dm down --volumes, dm up",
        )
