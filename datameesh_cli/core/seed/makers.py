"""How one value of one column is made: the small vocabulary of dataset.yaml."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from datameesh_cli.core.seed.chance import mix, split, whole
from datameesh_cli.core.seed.declared import Node

Value = str | int | Decimal | datetime.date | None


@dataclass(frozen=True, slots=True)
class Row:
    """What a value can be made from: the row's place in its table, its part of a divided row, and its source's fields."""

    index: int
    fields: Mapping[str, Any]
    copy: int = 0
    part: int = 0
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Listed:
    """A table whose rows stand in the dataset: their fields by row, and the name of the first field, which is the key."""

    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Around:
    """What a column's maker may refer to: the fields of its row source, the listed tables of its dataset, its own seed."""

    fields: tuple[str, ...]
    listed: Mapping[str, Listed]
    seed: int


Maker = Callable[[Row], Value]

_KINDS = ("number", "field", "look_up", "text", "digits", "pick", "whole", "cents", "constant", "split", "after")


def maker(node: Node, around: Around) -> Maker:
    """Given a column's declaration and its surroundings, return the function that makes its values.

    Raise UserError, naming file and key, for a declaration that is not valid.
    """
    kinds = [name for name in _KINDS if name in node.mapping()]
    # Two carry the name of another as an argument: {text: "555-{}", number: 1001} and {look_up: ..., by: ..., field: ...}.
    for leading in ("text", "look_up"):
        kinds = [leading] if leading in kinds else kinds
    if len(kinds) != 1:
        raise node.wrong("must say in one way how its values are made", "one of: " + ", ".join(_KINDS))
    return _MAKERS[kinds[0]](node, around)


def _number(node: Node, _around: Around) -> Maker:
    node.mapping("number")
    start = node.at("number").whole()
    return lambda row: start + row.index


def _field(node: Node, around: Around) -> Maker:
    node.mapping("field", "of", "unique", "or")
    name = _known(node.at("field"), around)
    if node.at("or").value is not None:
        other = maker(node.at("or"), around)
        return lambda row: row.fields[name] if row.fields[name] is not None else other(row)
    if node.at("of").value is not None:
        count = len(_table(node.at("of"), around).rows)
        return lambda row: row.fields[name] + row.copy * count if row.fields[name] is not None else None
    if node.at("unique").value:
        return lambda row: f"{row.fields[name]} {row.copy + 1}" if row.copy else row.fields[name]
    return lambda row: row.fields[name]


def _look_up(node: Node, around: Around) -> Maker:
    node.mapping("look_up", "by", "field")
    table, by, wanted = _table(node.at("look_up"), around), _known(node.at("by"), around), node.at("field").text()
    values = {next(iter(row.values())): row.get(wanted) for row in table.rows}

    def find(row: Row) -> Value:
        if row.fields[by] not in values:
            problem = f"{node.at('look_up').value} has no row {row.fields[by]!r}"
            raise node.wrong(problem, "add the row, or correct seed/people.yaml")
        found = values[row.fields[by]]
        return f"{found} {row.copy + 1}" if row.copy else found

    return find


def _text(node: Node, _around: Around) -> Maker:
    node.mapping("text", "number")
    pattern, start = node.at("text").text(), node.at("number").whole()
    before, gap, after = pattern.partition("{}")
    if not gap:
        raise node.at("text").wrong("has no {} for the number to stand at", 'write for example "555-{}"')
    return lambda row: f"{before}{start + row.index}{after}"


def _digits(node: Node, around: Around) -> Maker:
    node.mapping("digits")
    pattern, seed = node.at("digits").text(), around.seed
    width = pattern.count("#")

    def fill(row: Row) -> str:
        digits = iter(f"{mix(seed, row.index) % 10**width:0{width}d}")
        return "".join(next(digits) if sign == "#" else sign for sign in pattern)

    return fill


def _pick(node: Node, around: Around) -> Maker:
    node.mapping("pick")
    choices, seed = node.at("pick").texts(), around.seed
    if not choices:
        raise node.at("pick").wrong("must name at least one text")
    return lambda row: choices[mix(seed, row.index) % len(choices)]


def _whole(node: Node, around: Around) -> Maker:
    node.mapping("whole")
    low, high, seed = *_bounds(node.at("whole")), around.seed
    return lambda row: whole(low, high, seed, row.index)


def _cents(node: Node, around: Around) -> Maker:
    node.mapping("cents")
    low, high, seed = *_bounds(node.at("cents")), around.seed
    return lambda row: money(whole(low, high, seed, row.index))


def _constant(node: Node, _around: Around) -> Maker:
    node.mapping("constant")
    value = node.at("constant").value
    if not isinstance(value, (str, int)):
        raise node.at("constant").wrong(f"must be a text or a whole number, not {value!r}")
    return lambda _row: value


def _split(node: Node, around: Around) -> Maker:
    """A row that becomes several rows: each gets its part of the amount, and the parts add up to it."""
    node.mapping("split")
    name, seed = _known(node.at("split"), around), around.seed

    def share(row: Row) -> Decimal:
        weights = [whole(60, 140, seed, row.index - row.part + i) for i in range(row.parts)]
        return money(split(int(Decimal(str(row.fields[name])) * 100), weights)[row.part])

    return share


def _after(node: Node, around: Around) -> Maker:
    node.mapping("after", "days")
    name, days = _known(node.at("after"), around), node.at("days").whole(1)
    return lambda row: row.fields[name] + datetime.timedelta(days=days * row.part)


def money(cents: int) -> Decimal:
    """Given cents, return the amount with two decimals."""
    return Decimal(cents).scaleb(-2)


def _known(node: Node, around: Around) -> str:
    if node.text() not in around.fields:
        raise node.wrong(f"there is no field '{node.value}' here", "fields: " + ", ".join(around.fields))
    return node.text()


def _table(node: Node, around: Around) -> Listed:
    if node.text() not in around.listed:
        raise node.wrong(
            f"'{node.value}' is not a table with listed rows", "tables: " + (", ".join(around.listed) or "none")
        )
    return around.listed[node.text()]


def _bounds(node: Node) -> tuple[int, int]:
    ends = [entry.whole() for entry in node.entries()]
    if len(ends) != 2 or ends[0] > ends[1]:
        raise node.wrong("must be two whole numbers, the smaller one first", "write for example [20, 500]")
    return ends[0], ends[1]


_MAKERS: Mapping[str, Callable[[Node, Around], Maker]] = {
    "number": _number,
    "field": _field,
    "look_up": _look_up,
    "text": _text,
    "digits": _digits,
    "pick": _pick,
    "whole": _whole,
    "cents": _cents,
    "constant": _constant,
    "split": _split,
    "after": _after,
}
