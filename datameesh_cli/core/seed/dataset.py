"""What seed/<domain>/dataset.yaml declares: the domain's database, its tables, and how their rows are made."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from datameesh_cli.core.seed.bulk import BLOCK, BulkColumn, bulk_column
from datameesh_cli.core.seed.chance import key, mix
from datameesh_cli.core.seed.declared import Node
from datameesh_cli.core.seed.makers import Around, Listed, Maker, Value, maker

_PERSON = ("name", "first_name", "email", "country", "region", "industry", "customer_at", "revenue")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "customer": _PERSON,
    "contact": (*_PERSON, "source", "campaign", "contact_at"),
    "order": (*_PERSON, "customer", "order_at", "amount", "product", "quantity", "status"),
}
_TABLE_KEYS = ("about", "each", "times", "rows", "counts", "columns", "first")


@dataclass(frozen=True, slots=True)
class Database:
    """Where the domain's rows are kept: the Compose service, the database, the login and the name of its password's secret."""

    service: str
    name: str
    login: str
    password: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `make` is None where the database makes the value itself or where rows are made in bulk."""

    name: str
    about: str
    make: Maker | None = None
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
    columns: tuple[Column, ...]
    times: int = 1
    rows: tuple[Mapping[str, Value], ...] = ()
    counts: Mapping[str, int] | None = None
    first: tuple[tuple[Value, ...], ...] = ()

    @property
    def loaded_columns(self) -> tuple[Column, ...]:
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
    root = Node(data, file)
    root.mapping("about", "database", "random", "tables", "must_hold", "raw", "also_raw")
    seed = mix(root.at("random").whole(), key(domain))
    listed = {
        name: _listed(node)
        for name, node in root.at("tables").items()
        if node.mapping(*_TABLE_KEYS).get("each") == "listed"
    }
    tables = tuple(_table(name, node, listed, sets, mix(seed, key(name))) for name, node in root.at("tables").items())
    if not tables:
        raise root.at("tables").wrong("declares no table")
    raw = root.at("raw").texts()
    for entry in root.at("raw").entries():
        if entry.value not in {table.name for table in tables}:
            raise entry.wrong(
                f"there is no table '{entry.value}'", "tables: " + ", ".join(table.name for table in tables)
            )
    rules, also = (_pairs(root.at(key)) for key in ("must_hold", "also_raw"))
    return Dataset(
        domain, root.at("about").text(), database_from(data, file), tables, rules, raw, also, _first_customer(root)
    )


def database_from(data: object, file: str) -> Database:
    """Given a dataset file's content, return the domain's database. Raise UserError, naming file and key, for what is not valid."""
    at = Node(data, file).at("database")
    at.mapping("service", "name", "login", "password")
    return Database(*(at.at(name).text() for name in ("service", "name", "login", "password")))


def _pairs(node: Node) -> tuple[tuple[str, str], ...]:
    return tuple((name, at.text()) for name, at in node.items()) if node.value else ()


def _first_customer(root: Node) -> int:
    """The number of the first customer, for the orders that refer to it: where customers are a table here, its first `number`."""
    for _, table in root.at("tables").items():
        if table.mapping().get("each") == "customer":
            for _, column in table.at("columns").items():
                if "number" in column.mapping() and "text" not in column.mapping():
                    return column.at("number").whole()
    return 1


def _listed(node: Node) -> Listed:
    """The rows of a listed table. Names come first, once; then one list a row."""
    rows = node.at("rows")
    rows.mapping("fields", "values")
    fields = rows.at("fields").texts()
    if not fields:
        raise rows.at("fields").wrong("must name at least one field")
    found = []
    for entry in rows.at("values").entries():
        values = [_value(value) for value in entry.entries()]
        if len(values) != len(fields):
            raise entry.wrong(f"has {len(values)} values for {len(fields)} fields", "fields: " + ", ".join(fields))
        found.append(dict(zip(fields, values, strict=True)))
    if not found:
        raise rows.at("values").wrong("must list at least one row")
    return Listed(tuple(found))


def _value(node: Node) -> Value:
    if isinstance(node.value, float):
        raise node.wrong(f"write {node.value!r} in quotes", "quoted amounts keep their decimals")
    if node.value is not None and not isinstance(node.value, (str, int, datetime.date)):
        raise node.wrong(f"must be a plain value, not {node.value!r}")
    return node.value


def _table(name: str, node: Node, listed: Mapping[str, Listed], sets: tuple[str, ...], seed: int) -> Table:
    each = node.at("each").text()
    if each in FIELDS:
        fields = FIELDS[each]
    elif each == "number":
        fields = ()
    elif each == "listed" or each in listed:
        fields = tuple(listed[name if each == "listed" else each].rows[0])
    else:
        choices = [*FIELDS, "listed", "number", *listed]
        raise node.at("each").wrong(f"a row cannot stand for '{each}'", "one of: " + ", ".join(choices))
    source = name if each == "listed" else each
    rows = listed[source].rows if source in listed else ()
    columns = tuple(
        _column(column, at, each, Around(fields, listed, mix(seed, key(column))))
        for column, at in node.at("columns").items()
    )
    table = Table(
        name=name,
        about=node.at("about").text(),
        each=each,
        columns=columns,
        times=node.at("times").whole(1, default=1),
        rows=rows,
        counts=_counts(node.at("counts"), sets) if each == "number" else None,
        first=tuple(tuple(_value(value) for value in entry.entries()) for entry in node.at("first").entries()),
    )
    for entry in node.at("first").entries():
        if len(entry.entries()) != len(table.loaded_columns):
            raise entry.wrong(f"has {len(entry.entries())} values for {len(table.loaded_columns)} columns")
    return table


def _column(name: str, node: Node, each: str, around: Around) -> Column:
    about = node.at("about").text()
    made = Node({k: v for k, v in node.mapping().items() if k != "about"}, node.file, node.path)
    if "database" in made.mapping():
        made.mapping("database")
        return Column(name, f"{about} ({made.at('database').text()})")
    if each == "number":
        return Column(name, about, bulk=bulk_column(made, around))
    return Column(name, about, make=maker(made, around))


def _counts(node: Node, sets: tuple[str, ...]) -> Mapping[str, int]:
    counts = {}
    for name, at in node.items():
        if name not in sets:
            raise node.wrong(f"there is no data set '{name}'", "sets: " + ", ".join(sets))
        counts[name] = at.whole()
        if counts[name] % BLOCK:
            raise at.wrong(f"must be a multiple of {BLOCK}", f"rows are made in blocks of {BLOCK}")
    return counts
