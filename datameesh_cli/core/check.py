"""Checks as data: what `smoke.yaml` and `tests/journeys/*.yaml` say, as values, with every mistake named by file and key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

from datameesh_cli.core.checks import KINDS
from datameesh_cli.core.expectation import Answer, Expect
from datameesh_cli.core.kind import Kind, Primitives, Texts, written
from datameesh_cli.core.schema import Text, Whole, declared, json_schema, key, nearest, read
from datameesh_cli.errors import DmError, UserError

Kinds = Mapping[str, type[Kind]]
T = TypeVar("T")
_EXAMPLE = {"name": "a query answers", "sql": "SELECT 1", "expect": {"scalar": 1}}


@declared
class Entry:
    """One check. It applies where one of the data sets is loaded, the plan runs what it needs, and the stack is of its target."""

    name: Text = key("What is so when the check passes.", example="a query over both domains answers")
    action: Kind
    expect: Expect
    rows: Texts = key("Rows of the fact matrix whose own 'works when' is asserted.", default=(), example=["S-DB-01"])
    sets: Texts = key("It needs one of these data sets loaded.", default=(), spelt="set", example=["small", "journey"])
    needs: Texts = key("Services that must run, beside those that it talks to.", default=(), example=["query-worker"])
    mart: str = key("It needs this mart, built from what is loaded.", default="", example="mart_customer_journey")
    left_out: str = key("Only where the plan leaves this service out.", default="", example="query-worker")
    target: Literal["", "compose", "kubernetes"] = key("Only on this kind of stack.", default="", example="compose")
    mode: Literal["", "governed", "academic"] = key(
        "Only in this mode of the stack's people.", default="", example="governed"
    )
    cleanup: Texts = key("SQL that runs afterwards, whatever came of it.", default=(), example=["DROP TABLE t"])
    repeat: Whole = key("Once to warm up, then so many times; the median counts as its time.", default=0, example=5)


@declared
class _File:
    checks: list[dict[str, Any]] = key("The checks.", min_length=1, example=[_EXAMPLE])


@dataclass(frozen=True, slots=True)
class Check(Entry):
    """A check, and the file that it stands in."""

    file: str = ""

    @property
    def id(self) -> str:
        """The check's address: its file and its name."""
        return f"{self.file}: {self.name}"

    @property
    def digest(self) -> str:
        """A mark that changes when anything in the check changes, so that an old verdict is not taken for one of today."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]

    def ask(self, stack: Primitives) -> Answer:
        """Given a running stack, do once what the check does; a refusal is an answer with `error`."""
        try:
            return self.action.run(stack)
        except DmError as failed:
            return Answer(error=failed.message)


def checks_from(data: Any, file: str, kinds: Kinds = KINDS) -> tuple[Check, ...]:
    """Given the content of a file of checks and its name, return its checks. Raise UserError for what is not valid."""
    checks: dict[str, Check] = {}
    for number, entry in enumerate(read(_File, data, file).checks, start=1):
        check = _check(entry, file, number, kinds)
        if check.name in checks:
            raise UserError(f"{file}: two checks are called '{check.name}'", "a check is known by file and name")
        checks[check.name] = check
    return tuple(checks.values())


def checks_schema(kinds: Kinds = KINDS) -> dict[str, Any]:
    """Return the JSON Schema of a file of checks: what all have in common once, and of each kind what it allows."""
    forms: Any = reduce(or_, map(_form, kinds.values()))
    whole = json_schema(_made("Checks", object, {"checks": (list[forms], key("The checks.", min_length=1))}))
    each = {kind.called: whole["$defs"].pop(f"{kind.__name__}Check") for kind in kinds.values()}
    expected = {called: form["properties"]["expect"] for called, form in each.items()}
    properties = {word: said for form in each.values() for word, said in form["properties"].items()}
    properties["expect"] = {
        "anyOf": [{"$ref": ref} for ref in dict.fromkeys(said["$ref"] for said in expected.values())],
        "description": "What must be seen; which of these can be said depends on what is done.",
    }
    whole["$defs"]["Check"] = {
        "type": "object",
        "description": _about(Entry),
        "properties": properties,
        "required": ["name", "expect"],
        "additionalProperties": False,
        "oneOf": [{"required": [called], "properties": {"expect": said}} for called, said in expected.items()],
    }
    whole["properties"]["checks"]["items"] = {"$ref": "#/$defs/Check"}
    return whole


def _check(entry: Mapping[str, Any], file: str, number: int, kinds: Kinds) -> Check:
    name = entry.get("name")
    where = f"{file}, check {repr(name) if name and isinstance(name, str) else number}"
    given = [kinds[word] for word in entry if word in kinds]
    if len(given) != 1:
        known = {f.metadata.get("alias", f.name) for f in fields(Entry)}
        unknown = next((word for word in entry if word not in known), "")
        raise UserError(
            f"{where}: exactly one of {', '.join(kinds)} says what is done", nearest(unknown, kinds, "one of")
        )
    said = read(_form(given[0]), entry, where)
    return Check(**{f.name: getattr(said, f.name) for f in fields(Entry)}, file=file)


@cache
def _form(kind: type[Kind]) -> type[Entry]:
    """What an entry of the file says whose check is of this kind."""
    short = kind.short

    def in_full(value: Any) -> Any:
        return {short: value} if short and not isinstance(value, Mapping) else value

    taken: Any = get_type_hints(kind, include_extras=True)[short] | kind if short else kind
    action: Any = Annotated[kind, written(taken, in_full)]
    return _made(
        f"{kind.__name__}Check",
        Entry,
        {
            "action": (action, key(f"{_about(kind)} Expects: {kind.expects.__name__}.", spelt=kind.called)),
            "expect": (kind.expects, key(_about(kind.expects))),
        },
    )


def _made(name: str, base: type[T], own: Mapping[str, tuple[Any, Any]]) -> type[T]:
    """A declared class, made of its keys with their types."""
    types = {word: form for word, (form, _) in own.items()}
    return declared(
        type(name, (base,), {"__annotations__": types, **{word: value for word, (_, value) in own.items()}})
    )


def _about(thing: type) -> str:
    return " ".join((thing.__doc__ or "").split())
