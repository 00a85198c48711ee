"""From a table's declaration and a set's people to its rows, and from rows to the text that COPY reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from datameesh_cli.core.seed.bulk import blocks
from datameesh_cli.core.seed.chance import key
from datameesh_cli.core.seed.column_generators import Row, Value, money
from datameesh_cli.core.seed.dataset import Dataset, Table
from datameesh_cli.core.seed.people import Person
from datameesh_cli.core.seed.plan import Plan

_CHUNK = 4096


def rows(dataset: Dataset, table: Table, plan: Plan) -> Iterator[tuple[Value, ...]]:
    """Given a table (not a numbered one) and a set's people, yield its rows in order."""
    column_generators = [column.make for column in table.columns if column.make]
    for row in _sources(dataset, table, plan):
        if row.index < len(table.first) and not row.copy:
            yield table.first[row.index]
        else:
            yield tuple([make(row) for make in column_generators])


def copy_text(dataset: Dataset, table: Table, plan: Plan, name: str) -> Iterator[tuple[bytes, int]]:
    """Given a table, a set's people and the set's name, yield COPY text and the number of its rows, some thousand at a time."""
    if table.counts is not None:
        columns = [column.bulk for column in table.columns if column.bulk]
        yield from blocks(columns, table.counts.get(name, 0), key(table.name))
        return
    lines: list[str] = []
    for row in rows(dataset, table, plan):
        lines.append("\t".join([_text(value) for value in row]))
        if len(lines) == _CHUNK:
            yield ("\n".join(lines) + "\n").encode(), _CHUNK
            lines.clear()
    if lines:
        yield ("\n".join(lines) + "\n").encode(), len(lines)


def count(dataset: Dataset, table: Table, plan: Plan, name: str) -> int:
    """Given a table and a set, return how many rows the set has of it, without making them."""
    if table.counts is not None:
        return table.counts.get(name, 0)
    return sum(1 for _ in _sources(dataset, table, plan))


def _text(value: Value) -> str:
    if value is None:
        return r"\N"
    text = str(value)
    if "\\" in text or "\t" in text or "\n" in text or "\r" in text:
        text = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return text


def _sources(dataset: Dataset, table: Table, plan: Plan) -> Iterator[Row]:
    if table.each == "customer":
        return (Row(i, _person(p), p.copy) for i, p in enumerate(plan.customers()))
    if table.each == "contact":
        return (
            Row(i, {**_person(p), "source": c.source, "campaign": c.campaign, "contact_at": c.at}, p.copy)
            for i, (p, c) in enumerate(plan.contacts())
        )
    if table.each == "order":
        return _numbered(_orders(dataset, plan))
    return _numbered(
        (fields, copy, part, table.times)
        for copy in range(plan.scale)
        for fields in table.rows
        for part in range(table.times)
    )


def _numbered(sources: Iterable[tuple[Mapping[str, Any], int, int, int]]) -> Iterator[Row]:
    return (Row(i, fields, copy, part, parts) for i, (fields, copy, part, parts) in enumerate(sources))


def _orders(dataset: Dataset, plan: Plan) -> Iterator[tuple[Mapping[str, Any], int, int, int]]:
    for number, person in enumerate(plan.customers(), dataset.customers_key):
        fields = _person(person)
        for order in person.orders:
            own = {"order_at": order.at, "amount": money(order.cents), "product": order.product}
            own |= {"quantity": order.quantity, "status": order.status, "customer": number}
            yield {**fields, **own}, person.copy, 0, 1


def _person(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "first_name": person.name.split(" ", 1)[0],
        "email": person.email,
        "country": person.country,
        "region": person.region,
        "industry": person.industry,
        "customer_at": person.customer_at,
        "revenue": money(person.cents),
    }
