"""What in a domain's tables is not what `dm seed` loaded: rows that somebody added, changed or removed since.

Rows carry the number of the transaction that wrote them, and so does what the load wrote down about itself. Rows of that very
transaction, and as many as then, are what was loaded: no need to read their columns. Otherwise the checksum decides, so that a
row that was changed and changed back, or a database that was dumped and restored, is no loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datameesh_cli.core.seed.dataset import Dataset
from datameesh_cli.core.sql_text import quoted
from datameesh_cli.errors import UserError

if TYPE_CHECKING:
    from datameesh_cli.adapters.postgres import DatabaseSession

# `->>` because an older load wrote down no checksum, in a table without that column.
_LOADED = """
SELECT set_name, table_name, row_count, scale, content, to_jsonb(l) ->> 'checksum' FROM datameesh.loaded_set l ORDER BY 2
"""
_THERE = """
SELECT relname, pg_get_userbyid(relowner), relowner = current_user::regrole FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class LoadedTable:
    """One row of datameesh.loaded_set: what a table holds. The checksum is None where an older version loaded it."""

    set_name: str
    table: str
    rows: int
    scale: int
    content: str
    checksum: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A table that differs from what was loaded: rows that the load did not bring, and rows of the load that are not there."""

    table: str
    came: int
    went: int

    def __str__(self) -> str:
        """In words. A changed row is one that came and one that went."""
        if self.came == self.went:
            said = f"{self.came} changed or replaced"
        elif not self.went:
            said = f"{self.came} added"
        elif not self.came:
            said = f"{self.went} removed"
        else:
            said = f"{self.came} added or changed, {self.went} removed or changed"
        return f"{self.table} ({said})"


def loaded_tables(session: DatabaseSession) -> tuple[LoadedTable, ...]:
    """Given a domain's database, return what its last load wrote down; nothing where none ever ended."""
    if session.run("SELECT to_regclass('datameesh.loaded_set')") == [(None,)]:
        return ()
    return tuple(LoadedTable(*row) for row in session.run(_LOADED))


def own_tables(session: DatabaseSession, dataset: Dataset) -> tuple[str, ...]:
    """Given a domain's database, return which of the dataset's tables are there.

    Raise UserError if one belongs to somebody else: what hangs on such a table would run in the name of who loads it.
    """
    there = session.run(_THERE, [[table.name for table in dataset.tables]])
    for table, somebody, own in there:
        if not own:
            raise UserError(
                f"{dataset.database.service}: table public.{table} belongs to {somebody}, so dm seed did not make it",
                f"keep it under another name, or drop it, as {somebody}; then run the command again",
            )
    return tuple(str(table) for table, _, _ in there)


def hold(session: DatabaseSession, tables: Sequence[str]) -> None:
    """Given tables that are to be replaced, let nobody else change or read them from now on."""
    if tables:
        session.run(f"LOCK TABLE {', '.join(quoted(table) for table in tables)} IN ACCESS EXCLUSIVE MODE")


def checksum(session: DatabaseSession, table: str) -> str:
    """Given a table, return a checksum of its rows, whatever their order: the sum of each row's hash, made by the server."""
    [(total,)] = session.run(f"SELECT coalesce(sum(hash_record_extended(t, 0)), 0)::text FROM {quoted(table)} t")
    return str(total)


def changes(session: DatabaseSession, held: Iterable[LoadedTable], tables: Sequence[str]) -> tuple[Change, ...]:
    """Given what the last load wrote down and the tables that are there, return those that differ from it."""
    loaded = {table.table: table for table in held}
    found = (_change(session, table, loaded.get(table)) for table in tables)
    return tuple(change for change in found if change)


def _change(session: DatabaseSession, table: str, loaded: LoadedTable | None) -> Change | None:
    if loaded is None:
        [(rows,)] = session.run(f"SELECT count(*) FROM {quoted(table)}")
        return Change(table, rows, 0) if rows else None
    [(same, came)] = session.run(
        "SELECT count(*) FILTER (WHERE t.xmin = l.xmin), count(*) FILTER (WHERE t.xmin <> l.xmin) "
        f"FROM {quoted(table)} t, (SELECT xmin FROM datameesh.loaded_set WHERE table_name = %s) l",
        [table],
    )
    if (same, came) == (loaded.rows, 0) or (loaded.checksum and checksum(session, table) == loaded.checksum):
        return None
    return Change(table, came, max(loaded.rows - same, 0))
