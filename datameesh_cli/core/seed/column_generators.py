"""How one value of one column is made: the small vocabulary of dataset.yaml."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, Strict

from datameesh_cli.core.schema import Flag, Text, Whole, Wrong, declared, key, nearest
from datameesh_cli.core.seed.chance import mix, split, whole
from datameesh_cli.errors import UserError

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
    """What a column's maker may refer to: the fields of its row source, the listed tables of its dataset, its own seed, and
    the place that a mistake in its rows is named by."""

    fields: tuple[str, ...]
    listed: Mapping[str, Listed]
    seed: int
    place: str


ColumnGenerator = Callable[[Row], Value]


def _ends(ends: tuple[int, ...]) -> tuple[int, ...]:
    if len(ends) != 2 or ends[0] > ends[1]:
        raise Wrong("must be two whole numbers, the smaller one first", "write for example [20, 500]")
    return ends


def _plain(value: Any) -> Value:
    if isinstance(value, float):
        raise Wrong(f"write {value!r} in quotes", "quoted amounts keep their decimals")
    if value is not None and not isinstance(value, (str, int, datetime.date)):
        raise Wrong(f"must be a plain value, not {value!r}", "a text, a whole number, a date or nothing")
    return value


Plain = Annotated[Any, PlainValidator(_plain, json_schema_input_type=str | int | None)]
Ends = Annotated[tuple[Whole, ...], Field(min_length=2, max_length=2), AfterValidator(_ends)]

_WITH: Mapping[str, tuple[str, ...]] = {
    "field": ("of", "unique", "otherwise"),
    "look_up": ("by", "field"),
    "text": ("number",),
    "after": ("days",),
}
_NEEDS: Mapping[str, tuple[str, ...]] = {"look_up": ("by", "field"), "text": ("number",), "after": ("days",)}
_KINDS = (
    *("look_up", "text", "number", "field", "digits", "pick", "whole", "cents", "constant", "split", "after"),
    *("moments_from", "share", "database"),
)


@declared
class Make:
    """How a column's values are made: in one of these ways, with what goes with it."""

    number: Whole = key("1, 2, 3 ... from here on; with `text`, the number in it", default=None, example=1)
    field: Text = key(
        "a field of what the row stands for; with `look_up`, of the row that is found", default=None, example="email"
    )
    otherwise: Make = key(
        "with `field`: how it is made where that is empty", default=None, spelt="or", example={"whole": [1, 10]}
    )
    of: Text = key(
        "with `field`: the listed table that it numbers, shifted in the copies of a scaled set",
        default=None,
        example="products",
    )
    unique: Flag = key("with `field`: numbered in the copies of a scaled set", default=False)
    look_up: Text = key("a listed table in which a row is found", default=None, example="campaigns")
    by: Text = key("with `look_up`: the field that holds the row's key", default=None, example="campaign")
    text: Annotated[str, Field(pattern=r"\{\}")] = key("a text with a number at {}", default=None, example="555-{}")
    digits: Text = key("a text with a drawn digit for each #", default=None, example="9##-##-####")
    pick: tuple[Text, ...] = key("drawn from these", default=None, min_length=1, example=["view", "click"])
    whole: Ends = key("a whole number, drawn between these", default=None, example=[20, 500])
    cents: Ends = key("an amount, drawn between these cents", default=None, example=[100, 9900])
    constant: Annotated[Any, PlainValidator(_plain, json_schema_input_type=str | int)] = key(
        "always this", default=None, example=0
    )
    split: Text = key(
        "the row's part of an amount that is a field (with `times`); the parts add up", default=None, example="ad_spend"
    )
    after: Text = key(
        "a date that is a field, so many days on for each part (with `times`)", default=None, example="start_date"
    )
    days: Annotated[Whole, Field(ge=1)] = key("with `after`: how many days", default=None, example=7)
    moments_from: Annotated[datetime.date, Strict()] = key(
        "numbered tables only: moments that grow, a block a day", default=None
    )
    share: Annotated[Whole, Field(le=100)] = key(
        "numbered tables only: true in exactly so many per cent", default=None, example=10
    )
    database: Text = key("the database makes it: how", default=None, example="generated from source")

    @property
    def kind(self) -> str:
        """The one way in which it is made. Raise Wrong if it is none or several."""
        kinds = [name for name in _KINDS if getattr(self, name) is not None]
        beside = {name for kind in kinds for name in _WITH.get(kind, ())}
        leading = [name for name in kinds if name not in beside]
        if len(leading) != 1:
            raise Wrong("must say in one way how its values are made", "one of: " + ", ".join(_KINDS))
        return leading[0]

    def __post_init__(self) -> None:
        goes_with = (self.kind, *_WITH.get(self.kind, ()))
        for name in (*_KINDS, "otherwise", "of", "by", "days"):
            if getattr(self, name) is not None and name not in goes_with:
                raise Wrong(f"`{name}` does not go with `{self.kind}`", "see docs/reference/dataset.md")
        for name in _NEEDS.get(self.kind, ()):
            if getattr(self, name) is None:
                raise Wrong(f"`{self.kind}` needs `{name}`", "see docs/reference/dataset.md")


def column_generator(said: Make, around: Around) -> ColumnGenerator:
    """Given how a column is made and its surroundings, return the function that makes its values.

    Raise Wrong for what is not there in its surroundings.
    """
    if said.kind not in _MAKERS:
        raise Wrong(f"`{said.kind}` is for numbered tables only", "each: number")
    return _MAKERS[said.kind](said, around)


def _number(said: Make, _around: Around) -> ColumnGenerator:
    start = said.number
    return lambda row: start + row.index


def _field(said: Make, around: Around) -> ColumnGenerator:
    name = _known(said.field, around)
    if said.otherwise is not None:
        other = column_generator(said.otherwise, around)
        return lambda row: row.fields[name] if row.fields[name] is not None else other(row)
    if said.of is not None:
        count = len(_table(said.of, around).rows)
        return lambda row: row.fields[name] + row.copy * count if row.fields[name] is not None else None
    if said.unique:
        return lambda row: f"{row.fields[name]} {row.copy + 1}" if row.copy else row.fields[name]
    return lambda row: row.fields[name]


def _look_up(said: Make, around: Around) -> ColumnGenerator:
    table, by, place = _table(said.look_up, around), _known(said.by, around), around.place
    values = {next(iter(row.values())): row.get(said.field) for row in table.rows}

    def find(row: Row) -> Value:
        if row.fields[by] not in values:
            problem = f"{place}: {said.look_up} has no row {row.fields[by]!r}"
            raise UserError(problem, "add the row, or correct seed/people.yaml")
        found = values[row.fields[by]]
        return f"{found} {row.copy + 1}" if row.copy else found

    return find


def _text(said: Make, _around: Around) -> ColumnGenerator:
    (before, _, after), start = said.text.partition("{}"), said.number
    return lambda row: f"{before}{start + row.index}{after}"


def _digits(said: Make, around: Around) -> ColumnGenerator:
    pattern, seed = said.digits, around.seed
    width = pattern.count("#")

    def fill(row: Row) -> str:
        digits = iter(f"{mix(seed, row.index) % 10**width:0{width}d}")
        return "".join(next(digits) if sign == "#" else sign for sign in pattern)

    return fill


def _pick(said: Make, around: Around) -> ColumnGenerator:
    choices, seed = said.pick, around.seed
    return lambda row: choices[mix(seed, row.index) % len(choices)]


def _whole(said: Make, around: Around) -> ColumnGenerator:
    (low, high), seed = said.whole, around.seed
    return lambda row: whole(low, high, seed, row.index)


def _cents(said: Make, around: Around) -> ColumnGenerator:
    (low, high), seed = said.cents, around.seed
    return lambda row: money(whole(low, high, seed, row.index))


def _constant(said: Make, _around: Around) -> ColumnGenerator:
    value: Value = said.constant
    return lambda _row: value


def _split(said: Make, around: Around) -> ColumnGenerator:
    """A row that becomes several rows: each gets its part of the amount, and the parts add up to it."""
    name, seed = _known(said.split, around), around.seed

    def share(row: Row) -> Decimal:
        weights = [whole(60, 140, seed, row.index - row.part + i) for i in range(row.parts)]
        return money(split(int(Decimal(str(row.fields[name])) * 100), weights)[row.part])

    return share


def _after(said: Make, around: Around) -> ColumnGenerator:
    name, days = _known(said.after, around), said.days
    return lambda row: row.fields[name] + datetime.timedelta(days=days * row.part)


def money(cents: int) -> Decimal:
    """Given cents, return the amount with two decimals."""
    return Decimal(cents).scaleb(-2)


def _known(name: str, around: Around) -> str:
    if name not in around.fields:
        raise Wrong(f"there is no field '{name}' here", nearest(name, around.fields, "fields"))
    return name


def _table(name: str, around: Around) -> Listed:
    if name not in around.listed:
        raise Wrong(f"'{name}' is not a table with listed rows", nearest(name, around.listed, "tables"))
    return around.listed[name]


_MAKERS: Mapping[str, Callable[[Make, Around], ColumnGenerator]] = {
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
