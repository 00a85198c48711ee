"""What seed/<domain>/dataset.yaml declares: the domain's database, its tables, and how their rows are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from datameesh_cli.core.schema import Text, Whole, Wrong, declared, key, nearest, read
from datameesh_cli.core.seed.bulk import BLOCK, BulkColumn, bulk_column
from datameesh_cli.core.seed.chance import key as fold
from datameesh_cli.core.seed.chance import mix
from datameesh_cli.core.seed.column_generators import (
    Around,
    ColumnGenerator,
    Listed,
    Make,
    Plain,
    Value,
    column_generator,
)
from datameesh_cli.errors import UserError

_PERSON = ("name", "first_name", "email", "country", "region", "industry", "customer_at", "revenue")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "customer": _PERSON,
    "contact": (*_PERSON, "source", "campaign", "contact_at"),
    "order": (*_PERSON, "customer", "order_at", "amount", "product", "quantity", "status"),
}


@declared
class Database:
    """Where the domain's rows are kept."""

    service: Text = key("the Compose service", example="orders-db")
    name: Text = key("the database", example="orders_db")
    login: Text = key("the login that owns it", example="owner")
    password: Text = key("the name of the secret that is its password", example="orders-db-owner-password")


@declared
class ColumnEntry(Make):
    """A column: what it holds, and how its values are made, in one way."""

    about: str = key("what it holds", default="", example="the key that joins the domains")

    def __post_init__(self) -> None:
        if not self.about:
            raise Wrong("`about` is missing", "write about: what it holds")
        Make.__post_init__(self)


@declared
class ListedRows:
    """Rows that are written out: names first, once; then one list a row. The first field is the key."""

    fields: tuple[Text, ...] = key("the fields of a row", min_length=1, example=["campaign_id", "campaign_name"])
    values: tuple[tuple[Plain, ...], ...] = key("the rows", min_length=1, example=[[1, "Spring Sale"]])

    def __post_init__(self) -> None:
        for i, row in enumerate(self.values):
            if len(row) != len(self.fields):
                names = ", ".join(self.fields)
                raise Wrong(f"values[{i}] has {len(row)} values for {len(self.fields)} fields", f"fields: {names}")


@declared
class TableEntry:
    """A table: what a row stands for, and its columns in order."""

    about: Text = key("what it holds", example="one row per campaign")
    each: Text = key(
        "what a row stands for: customer, contact or order (of seed/people.yaml), number (rows by the million), listed (its own "
        "`rows`), or the name of another table that is listed",
        example="customer",
    )
    columns: Mapping[str, ColumnEntry] = key("its columns, by name")
    times: Annotated[Whole, Field(ge=1)] = key("so many rows for each", default=1)
    rows: ListedRows | None = key("the rows of a listed table", default=None)
    counts: Mapping[str, Whole] = key("of a numbered table: how many rows, by data set", default_factory=dict)
    first: tuple[tuple[Plain, ...], ...] = key("the first rows, written out", default=())

    def __post_init__(self) -> None:
        if self.each == "listed" and self.rows is None:
            raise Wrong("`rows` is missing, the rows that are listed", "write rows: {fields: [...], values: [[...]]}")
        count = sum(column.database is None for column in self.columns.values())
        for i, row in enumerate(self.first):
            if len(row) != count:
                raise Wrong(
                    f"first[{i}] has {len(row)} values for {count} columns", "a value for each column that is made here"
                )
        for name, number in self.counts.items():
            if number % BLOCK:
                raise Wrong(f"counts.{name} must be a multiple of {BLOCK}", f"rows are made in blocks of {BLOCK}")


@declared
class DatasetFile:
    """A domain's data: its database, its tables, and how each value is made."""

    about: Text = key("what the domain holds", example="customers and what they bought")
    database: Database = key("where the rows are kept")
    random: Whole = key("the number that everything drawn follows from", example=1)
    tables: Mapping[str, TableEntry] = key("by name, in the order in which they can be loaded", min_length=1)
    must_hold: Mapping[str, Text] = key(
        "queries that must count 0 before the load is committed, by what they say", default_factory=dict
    )
    raw: tuple[Text, ...] = key("tables whose rows also lie in the lake, as raw/<domain>/<table>.csv", default=())
    also_raw: Mapping[str, Text] = key("more objects in the lake, by name, each with its query", default_factory=dict)

    def __post_init__(self) -> None:
        for i, name in enumerate(self.raw):
            if name not in self.tables:
                raise Wrong(f"raw[{i}]: there is no table '{name}'", nearest(name, self.tables, "tables"))
        listed = [name for name, table in self.tables.items() if table.rows is not None]
        choices = [*FIELDS, "listed", "number", *listed]
        for name, table in self.tables.items():
            if table.each not in choices:
                raise Wrong(
                    f"tables.{name}.each: a row cannot stand for '{table.each}'", nearest(table.each, choices, "one of")
                )


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column. `make` is None where the database makes the value itself or where rows are made in bulk."""

    name: str
    about: str
    make: ColumnGenerator | None = None
    bulk: BulkColumn | None = None

    @property
    def loaded(self) -> bool:
        """Whether the column's values are made here."""
        return self.make is not None or self.bulk is not None


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what a row stands for, its columns, and rows that are written out."""

    name: str
    about: str
    each: str
    columns: tuple[TableColumn, ...]
    times: int = 1
    rows: tuple[Mapping[str, Value], ...] = ()
    counts: Mapping[str, int] | None = None
    first: tuple[tuple[Value, ...], ...] = ()

    @property
    def loaded_columns(self) -> tuple[TableColumn, ...]:
        """The columns whose values are made here, in order."""
        return tuple(column for column in self.columns if column.loaded)


@dataclass(frozen=True, slots=True)
class Dataset:
    """One domain. Tables stand in the order in which they can be loaded; `must_hold` are queries that must count no rows,
    `raw` the tables that also lie in the lake, `also_raw` more objects there, each with its query."""

    domain: str
    about: str
    database: Database
    tables: tuple[Table, ...]
    must_hold: tuple[tuple[str, str], ...]
    raw: tuple[str, ...]
    also_raw: tuple[tuple[str, str], ...]
    customers_key: int


def dataset_from(data: object, domain: str, file: str, sets: tuple[str, ...]) -> Dataset:
    """Given a dataset file's content, its domain and the names of all sets, return the dataset.

    Raise UserError, naming file and key, for what is not valid.
    """
    said = read(DatasetFile, data, file)
    seed = mix(said.random, fold(domain))
    listed = {
        name: Listed(tuple(dict(zip(t.rows.fields, row, strict=True)) for row in t.rows.values))
        for name, t in said.tables.items()
        if t.rows is not None
    }
    tables = []
    for name, table in said.tables.items():
        for unknown in set(table.counts) - set(sets):
            raise UserError(
                f"{file}: `tables.{name}.counts`: there is no data set '{unknown}'", nearest(unknown, sets, "sets")
            )
        tables.append(_table(name, table, listed, mix(seed, fold(name)), file))
    return Dataset(
        domain,
        said.about,
        said.database,
        tuple(tables),
        tuple(said.must_hold.items()),
        said.raw,
        tuple(said.also_raw.items()),
        _first_customer(said),
    )


def database_from(data: object, file: str) -> Database:
    """Given a dataset file's content, return the domain's database. Raise UserError, naming file and key, for what is not valid."""
    return read(Database, data.get("database") if isinstance(data, Mapping) else None, file, "database")


def _first_customer(said: DatasetFile) -> int:
    """The number of the first customer, for the orders that refer to it: where customers are a table here, its first `number`."""
    customers = [c for t in said.tables.values() if t.each == "customer" for c in t.columns.values()]
    return next((column.number for column in customers if column.kind == "number"), 1)


def _table(name: str, said: TableEntry, listed: Mapping[str, Listed], seed: int, file: str) -> Table:
    source = name if said.each == "listed" else said.each
    rows = listed[source].rows if source in listed else ()
    fields = FIELDS.get(said.each) or tuple(rows[0] if rows else ())
    columns = []
    for column, how in said.columns.items():
        place = f"{file}: `tables.{name}.columns.{column}`"
        try:
            columns.append(_column(column, how, said.each, Around(fields, listed, mix(seed, fold(column)), place)))
        except Wrong as wrong:
            raise UserError(f"{place}: {wrong}", wrong.hint) from wrong
    counts = said.counts if said.each == "number" else None
    return Table(name, said.about, said.each, tuple(columns), said.times, rows, counts, said.first)


def _column(name: str, how: ColumnEntry, each: str, around: Around) -> TableColumn:
    if how.kind == "database":
        return TableColumn(name, f"{how.about} ({how.database})")
    if each == "number":
        return TableColumn(name, how.about, bulk=bulk_column(how, around))
    return TableColumn(name, how.about, make=column_generator(how, around))
