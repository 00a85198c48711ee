"""What a YAML file of ours may say, as frozen dataclasses: read from it, refused in one line, published as JSON Schema.

A class decorated with `declared` is one mapping of a file and `key` is one of its keys. A rule over several keys is its
`__post_init__`, which raises `Wrong`. `read` makes the value of what the file holds.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import ConfigDict, Field, Strict, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import ErrorDetails
from typing_extensions import dataclass_transform

from datameesh_cli.errors import UserError

Text = Annotated[str, Field(min_length=1)]
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict(), Field(ge=0)]
Number = Annotated[float, Strict(), Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Strict(), Field(ge=0, le=1, allow_inf_nan=False)]
PortNumber = Annotated[int, Strict(), Field(ge=1, le=65535)]
# YAML has lists and JSON has arrays, so a tuple takes them; a number is never made of a text or of `true`.

T = TypeVar("T")
_EMPTY = object()


class Wrong(ValueError):
    """A rule over several keys does not hold. `problem` continues "`key`: ", `hint` says what to write."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.hint = hint


def key(
    about: str,
    *,
    default: Any = MISSING,
    default_factory: Any = MISSING,
    spelt: str = "",
    example: Any = _EMPTY,
    **limits: Any,
) -> Any:
    """Declare a key: what it is, what it is without a word (else it is required), how it is spelt where Python could not, an
    example of its value, and limits as pydantic names them (`ge`, `pattern`, ...).
    """
    found = {"description": about, **limits}
    if spelt:
        found["alias"] = spelt
    if example is not _EMPTY:
        found["examples"] = [example]
    given = {"default": default, "default_factory": default_factory}
    return field(metadata=found, **{name: value for name, value in given.items() if value is not MISSING})


@dataclass_transform(frozen_default=True, field_specifiers=(key,))
def declared(cls: type[T]) -> type[T]:
    """Make a class one mapping of a file: frozen, and no key beside those that it names."""
    return _mapping(cls, "forbid")


@dataclass_transform(frozen_default=True, field_specifiers=(key,))
def partly_declared(cls: type[T]) -> type[T]:
    """Make a class one mapping of a file in which other keys may stand too: somebody else reads those."""
    return _mapping(cls, "ignore")


def _mapping(cls: type[T], others: Literal["forbid", "ignore"]) -> type[T]:
    about = {"description": " ".join((cls.__doc__ or "").split())}
    setattr(cls, "__pydantic_config__", ConfigDict(extra=others, json_schema_extra={**about}))  # noqa: B010
    return dataclass(frozen=True, slots=True)(cls)


def read(form: type[T], data: object, where: str, at: str = "") -> T:
    """Given a declared class, what a file holds, where that stands and under which key, return the value.

    Raise UserError with the place, the key's path, what is wrong there and what would be right.
    """
    try:
        return cast("T", _adapter(cast("Any", form)).validate_python(data))
    except ValidationError as wrong:
        raise _refusal(form, data, wrong, (where, at)) from None


def json_schema(form: Any) -> dict[str, Any]:
    """Given a declared class or a type of them, return its JSON Schema."""
    return _published(form)


def part_of(schema: Mapping[str, Any], steps: Sequence[str | int]) -> Mapping[str, Any]:
    """Given a JSON Schema and the keys and indices that lead to a value, return what it says of the value: {} where nothing.

    What a key says of itself (its description, its example) goes before what its type says.
    """
    found: Mapping[str, Any] = schema
    for step in (None, *steps):
        if step is not None:
            inside = found.get("items") if isinstance(step, int) else found.get("properties", {}).get(step)
            found = inside or found.get("additionalProperties") or {}
        while isinstance(found, Mapping) and ("$ref" in found or "anyOf" in found):
            kinds = [kind for kind in found.get("anyOf", ()) if kind.get("type") != "null"]
            under = kinds[0] if kinds else schema["$defs"][found["$ref"].rsplit("/", 1)[1]]
            found = {**under, **{k: v for k, v in found.items() if k not in ("$ref", "anyOf")}}
    return found if isinstance(found, Mapping) else {}


def nearest(name: object, known: Iterable[str], what: str) -> str:
    """Given a name that is not known, those that are and what they are, return the hint: the nearest one, then all of them."""
    names = list(known)
    close = difflib.get_close_matches(str(name), names, 1)
    return (f"did you mean '{close[0]}'? " if close else "") + f"{what}: " + ", ".join(names)


class _InOrder(GenerateJsonSchema):
    """Keys in the order in which they are declared, and none for the titles that pydantic makes of names."""

    def sort(self, value: Any, parent_key: str | None = None) -> Any:  # noqa: ARG002
        return value

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


@functools.cache
def _published(form: Any) -> dict[str, Any]:
    return _adapter(form).json_schema(schema_generator=_InOrder)


@functools.cache
def _adapter(form: Any) -> TypeAdapter[Any]:
    return TypeAdapter(form)


def _refusal(form: Any, data: object, wrong: ValidationError, place: tuple[str, str]) -> UserError:
    """The first mistake in full, and how many more there are."""
    found = {_steps(error, data): error for error in reversed(wrong.errors(include_url=False))}
    steps, error = list(found.items())[-1]
    schema, path = json_schema(form), _path(steps, place[1])
    says, hint = part_of(schema, steps), ""
    if error["type"] == "unexpected_keyword_argument":
        unknown, owner = error["loc"][-1], f"`{path}` has" if path else "there is"
        problem, hint = f"{owner} no key '{unknown}'", nearest(unknown, says.get("properties", ()), "keys")
    elif error["type"] == "value_error":
        reason = error["ctx"]["error"]
        problem, hint = (f"`{path}`: " if path else "") + str(reason), getattr(reason, "hint", "")
    else:
        problem = (f"`{path}` " if path else "the content ") + _problem(error, says)
        hint = nearest(error["input"], map(str, says["enum"]), "one of") if error["type"] == "literal_error" else ""
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return UserError(f"{place[0]}: {problem}{more}", hint or _example(schema, steps))


def _steps(error: ErrorDetails, data: object) -> tuple[str | int, ...]:
    """The keys and indices that lead to the mistake, without the names that pydantic gives to the members of a union."""
    steps: list[str | int] = []
    here: Any = data
    for step in error["loc"]:
        if (isinstance(here, Mapping) and step in here) or (isinstance(here, list) and isinstance(step, int)):
            here = here[cast("Any", step)]
            steps.append(step)
    if error["type"] == "unexpected_keyword_argument":
        return tuple(steps[:-1])
    return (*steps, error["loc"][-1]) if error["type"] == "missing" else tuple(steps)


def _path(steps: Sequence[str | int], begin: str) -> str:
    path = begin
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _problem(error: ErrorDetails, says: Mapping[str, Any]) -> str:
    """What is wrong with a value, as the end of a sentence that begins with its key."""
    kind, value = error["type"], error["input"]
    if kind == "missing":
        return "is missing"
    if value in (None, ""):
        return "is empty" + (f", it must be {_expected(says)}" if _expected(says) else "")
    shown = " ".join(repr(value).split())
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    if kind == "literal_error":
        return f"'{value}' is unknown"
    if kind == "string_pattern_mismatch":
        return f"cannot be {shown}"
    return f"must be {_expected(says) or error['msg'].removeprefix('Input should be ')}, it is {shown}"


def _expected(says: Mapping[str, Any]) -> str:
    """What a value must be, in words."""
    low, high = says.get("minimum"), says.get("maximum")
    ends = f" from {low} to {high}" if high is not None else f" from {low}" if low else ""
    ends = f" above {says['exclusiveMinimum']}, up to {high}" if "exclusiveMinimum" in says else ends
    least, most = says.get("minItems"), says.get("maxItems")
    count = "" if not least else f" of {least}" if least == most else f" of at least {least}"
    return {
        "integer": "a whole number" + ends,
        "number": "a number" + ends,
        "string": "a text",
        "boolean": "true or false",
        "array": "a list" + count,
        "object": "a mapping" + (" that is not empty" if says.get("minProperties") else ""),
    }.get(str(says.get("type")), "")


def _example(schema: Mapping[str, Any], steps: Sequence[str | int]) -> str:
    """What to write: the example of the key, or of the one that it stands under; else what the key is."""
    for count in range(len(steps), 0, -1):
        says = part_of(schema, steps[:count])
        if "examples" in says and isinstance(steps[count - 1], str):
            return f"write {steps[count - 1]}: {yaml_line(says['examples'][0])}"
    about = part_of(schema, steps).get("description", "")
    name = next((step for step in reversed(steps) if isinstance(step, str)), "it")
    return f"{name} is: {about}" if about else "see docs/reference/README.md"


def yaml_line(value: Any) -> str:
    """Given a value, return it as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {yaml_line(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(yaml_line, value)) + "]"
    plain = isinstance(value, str) and re.fullmatch(r"[A-Za-z_/][\w ./-]*", value)
    return str(value) if plain else json.dumps(value, ensure_ascii=False)
