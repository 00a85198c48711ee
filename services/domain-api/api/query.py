"""What a collection may be asked: how many rows, after which key, and the filters; read once for each text of a query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from apiflask import Schema, fields
from marshmallow import RAISE, ValidationError, validate

from api.problem import Problem
from api.resource import LARGEST, Resource, Statement, listing
from api.settings import Settings


@dataclass(frozen=True)
class Query:
    """A query that was understood: the statement that answers it, its values, and how it goes on."""

    path: str
    statement: Statement
    values: tuple[Any, ...]
    given: tuple[tuple[str, str], ...]

    def next(self, after: str) -> str:
        """Given the last key of a page, return where the next one is."""
        return f"{self.path}?{urlencode([*self.given, ('after', after)])}"


def read_query(resource: Resource, schema: Schema, text: bytes) -> Query:
    """Given a resource, the model of its query and what was asked, return what it means. Raise Problem (422)."""
    try:
        parts = parse_qsl(text.decode(), keep_blank_values=True, max_num_fields=50, errors="strict")
        twice = {name for n, (name, _) in enumerate(parts) if name in dict(parts[:n])}
        if twice:
            raise ValidationError({name: ["is there twice"] for name in twice})
        asked: dict[str, Any] = schema.load(dict(parts), unknown=RAISE)
    except ValidationError as wrong:
        raise Problem(422, "the query is not as it must be", errors={"query": wrong.normalized_messages()}) from None
    except ValueError:
        raise Problem(400, "the query cannot be read: it is no UTF-8, or has too many fields") from None
    given = {name: value for name, value in asked.items() if value is not None}
    after = given.pop("after", None)
    kept = tuple((name, _text(value)) for name, value in given.items())
    if after is not None:
        given |= _after(resource, after)
    statement = listing(resource, frozenset(given), further=after is not None)
    return Query(resource.path, statement, tuple(given[name] for name in statement.parameters), kept)


def query_model(settings: Settings, resource: Resource) -> type[Schema]:
    """The query of a collection: how many, after what, and the filters."""
    found: dict[str, Any] = {
        "limit": fields.Integer(
            load_default=settings.page_size,
            validate=validate.Range(1, settings.most),
            metadata={"description": "how many at most"},
        ),
        "after": fields.String(
            validate=validate.Length(1, 100), metadata={"description": "the key after which to go on: as `next` has it"}
        ),
    }
    for name in resource.filters:
        found[name] = _filter(resource, name, "only rows with this value")
    for name in resource.ranges:
        found[f"{name}_from"] = _filter(resource, name, "only rows from here on")
        found[f"{name}_to"] = _filter(resource, name, "only rows before this")
    return Schema.from_dict(found, name=f"{resource.model.__name__}Query")  # type: ignore[return-value]


def _filter(resource: Resource, name: str, about: str) -> Any:
    kind = type(resource.fields[name])
    checks = {
        fields.Integer: validate.Range(-LARGEST - 1, LARGEST),
        fields.String: validate.And(validate.Length(max=200), validate.Regexp(r"^[^\x00]*\Z", error="has a NUL in it")),
    }
    return kind(validate=checks.get(kind), metadata={"description": about})


def _after(resource: Resource, text: str) -> dict[str, Any]:
    """The key that `after` says, a value a field. Raise Problem (422)."""
    parts = text.split(",")
    try:
        if len(parts) != len(resource.key):
            raise ValidationError("it has another number of values")
        return {
            f"after_{field}": _filter(resource, field, "").deserialize(part)
            for field, part in zip(resource.key, parts, strict=True)
        }
    except ValidationError as wrong:
        raise Problem(422, "after is no key of this collection", errors={"query": {"after": wrong.messages}}) from None


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
