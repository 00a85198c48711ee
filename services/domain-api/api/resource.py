"""What a domain serves, as its resources.py declares it: typed models over tables, what one may filter by, what one may add."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property

from apiflask import Schema, fields
from marshmallow import validate
from marshmallow.fields import Field

LARGEST = 2147483647
"""Of PostgreSQL's integer."""
KEY = validate.Range(1, LARGEST)
"""What the number of a row may be that somebody names."""

_TYPES: dict[type[Field], str] = {
    fields.Integer: "integer",
    fields.String: "text",
    fields.Date: "date",
    fields.NaiveDateTime: "timestamp",
    fields.Decimal: "numeric",
}


def about(text: str) -> dict[str, str]:
    """Given what a field means, return that for the document."""
    return {"description": text}


@dataclass(frozen=True)
class Addition:
    """What POST takes, and the one statement that writes it: its parameters are the model's fields, it returns the key.

    No row back means that something it names is not there: `missing` says what.
    """

    model: type[Schema]
    statement: str
    missing: str


@dataclass(frozen=True)
class Resource:
    """A collection at `path`: the rows of `table` (schema.table) in the order of `key`, with the model's fields as columns."""

    path: str
    model: type[Schema]
    table: str
    key: tuple[str, ...]
    about: str
    filters: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    addition: Addition | None = None
    """`filters` are compared for equality, `ranges` with `<field>_from` and `<field>_to` (not included)."""
    guards: str = ""
    """The table whose rules hold for it, where that is not its own name: a view's."""

    @property
    def name(self) -> str:
        """What its statements are called."""
        return self.path.strip("/").replace("/", "_").replace("-", "_")

    @property
    def guarded_as(self) -> str:
        """The name that rules know it by."""
        return self.guards or self.table.partition(".")[2]

    @cached_property
    def fields(self) -> dict[str, Field]:
        """The model's fields by name."""
        return dict(self.model().fields)

    def type_of(self, field: str) -> str:
        """Given a field's name, return the type that PostgreSQL calls its column."""
        return _TYPES[type(self.fields[field])]

    def conditions(self, asked: frozenset[str]) -> list[tuple[str, str, str]]:
        """Given the names of query parameters, return of those that filter: the name, the comparison's left side, the type."""
        found = [(f, f"{_quoted(f)} =", f) for f in self.filters if f in asked]
        for field in self.ranges:
            for end, sign in (("from", ">="), ("to", "<")):
                if f"{field}_{end}" in asked:
                    found.append((f"{field}_{end}", f"{_quoted(field)} {sign}", field))
        return [(name, comparison, self.type_of(field)) for name, comparison, field in found]


@dataclass(frozen=True)
class Statement:
    """A statement that each connection prepares once: its name, its text, and whose values its parameters are."""

    name: str
    prepare: str
    parameters: tuple[str, ...]

    @property
    def execute(self) -> str:
        """What runs it, with a place for each value."""
        return (
            f"EXECUTE {self.name} ({', '.join(['%s'] * len(self.parameters))})"
            if self.parameters
            else f"EXECUTE {self.name}"
        )


@cache
def listing(resource: Resource, asked: frozenset[str], *, further: bool) -> Statement:
    """Given a resource, the names of the filters that a request has, and whether it goes on after a key, return its statement.

    One row comes back: the page's rows as JSON, how many rows fit the filters in all, and the last key where there are more.
    """
    conditions = resource.conditions(asked)
    names = ["limit", *(name for name, _, _ in conditions)]
    types = ["integer", *(kind for _, _, kind in conditions)]
    fits = [f"{comparison} ${n}" for n, (_, comparison, _) in enumerate(conditions, 2)]
    after = []
    if further:
        names += [f"after_{field}" for field in resource.key]
        places = ", ".join(f"${len(types) + n}" for n in range(1, len(resource.key) + 1))
        types += [resource.type_of(field) for field in resource.key]
        after = [f"({_columns(resource.key)}) > ({places})"]
    table = ".".join(map(_quoted, resource.table.split(".")))
    key = _columns(resource.key)
    text = f"""
        SELECT coalesce(string_agg(item, ',' ORDER BY place) FILTER (WHERE place <= $1), ''),
            (SELECT count(*) FROM {table}{_where(fits)}),
            CASE WHEN count(*) > $1 THEN max(at) FILTER (WHERE place = $1) END
        FROM (SELECT row_to_json(page)::text AS item, row_number() OVER () AS place, concat_ws(',', {key}) AS at
              FROM (SELECT {_columns(resource.fields)} FROM {table}{_where([*fits, *after])}
                    ORDER BY {key} LIMIT $1 + 1) page) items"""
    # PostgreSQL keeps 63 bytes of a name, so the names of all filters do not fit into it.
    name = f'"list_{resource.name[:30]}_{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"'
    return Statement(name, f"PREPARE {name} ({', '.join(types)}) AS {text}", tuple(names))


@cache
def single(resource: Resource) -> Statement:
    """Given a resource, return the statement for one of its rows, by its key."""
    key = resource.key[0]
    table = ".".join(map(_quoted, resource.table.split(".")))
    row = f"SELECT {_columns(resource.fields)} FROM {table} WHERE {_columns([key])} = $1"
    text = f"SELECT row_to_json(found)::text FROM ({row}) found"
    name = f'"one_{resource.name}"'
    return Statement(name, f"PREPARE {name} ({resource.type_of(key)}) AS {text}", (key,))


def _columns(names: Iterable[str]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    """A name that a folder declares; what somebody sends is never one."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
        raise ValueError(f"{name!r} is no name of a table or column")
    return f'"{name}"'


def _where(conditions: list[str]) -> str:
    return " WHERE " + " AND ".join(conditions) if conditions else ""
