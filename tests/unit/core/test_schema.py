"""What may stand in a file: a mistake is one line with its place, its key, what would be right, and how many more there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from typing import Any, Literal

import jsonschema
import pytest

from datameesh_cli.core.schema import Flag, PortNumber, Share, Text, Whole, Wrong, declared, json_schema, key, read
from datameesh_cli.errors import UserError


@declared
class Inner:
    """One thing inside."""

    low: Whole = key("the least", example=1)
    high: Whole = key("the most", example=2)
    part: Share = key("how much of it", default=0.5)

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise Wrong(f"low {self.low} is above high {self.high}", "swap them")


@declared
class Outer:
    """The whole file."""

    name: Text = key("what it is called", pattern="[a-z]+:[0-9]+", example="db:5432")
    kind: Literal["service", "job"] = key("what it is", default="service")
    inner: Inner | None = key("what is inside", default=None, example={"low": 1, "high": 2})
    more: Mapping[str, Inner] = key("others by name", default_factory=dict)
    ports: tuple[PortNumber, ...] = key("where it listens", default=(), example=[8080])
    left_out: Flag = key("whether it is not there", default=False, spelt="left-out")


GOOD: dict[str, Any] = {"name": "db:1", "inner": {"low": 1, "high": 2}, "ports": [1, 2], "left-out": True}


def test_what_is_right_becomes_a_frozen_value() -> None:
    value = read(Outer, GOOD, "f")
    assert value == Outer("db:1", "service", Inner(1, 2), {}, (1, 2), True)
    with pytest.raises(FrozenInstanceError):
        value.name = "other"  # type: ignore[misc]


WRONG: list[tuple[Any, str, str]] = [
    ([], "f: the content must be a mapping, it is []", "it is: The whole file."),
    ({}, "f: `name` is missing", "write name: \"db:5432\""),
    ({"name": None}, "f: `name` is empty, it must be a text", "write name: \"db:5432\""),
    ({"name": 5}, "f: `name` must be a text, it is 5", "write name: \"db:5432\""),
    ({"name": "db"}, "f: `name` cannot be 'db'", "write name: \"db:5432\""),
    ({"colour": 1}, "f: there is no key 'colour'", "keys: name, kind, inner, more, ports, left-out"),
    ({"left_out": True}, "f: there is no key 'left_out'", "did you mean 'left-out'? keys: name"),
    ({"kind": "jobb"}, "f: `kind` 'jobb' is unknown", "did you mean 'job'? one of: service, job"),
    ({"inner": 5}, "f: `inner` must be a mapping, it is 5", "write inner: {low: 1, high: 2}"),
    ({"inner": {"low": 1}}, "f: `inner.high` is missing", "write high: 2"),
    ({"inner": {"low": True, "high": 2}}, "f: `inner.low` must be a whole number, it is True", "write low: 1"),
    ({"inner": {"low": "1", "high": 2}}, "f: `inner.low` must be a whole number, it is '1'", "write low: 1"),
    ({"inner": {"low": -1, "high": 2}}, "f: `inner.low` must be a whole number, it is -1", "write low: 1"),
    ({"inner": {"low": 3, "high": 2}}, "f: `inner`: low 3 is above high 2", "swap them"),
    ({"inner": {"low": 1, "high": 2, "hi": 3}}, "f: `inner` has no key 'hi'", "did you mean 'high'? keys: low"),
    ({"more": {"a": {"low": 1}}}, "f: `more.a.high` is missing", "write high: 2"),
    ({"more": {"a": {"low": 1, "high": 2, "part": 7}}}, "f: `more.a.part` must be a number from 0 to 1, it is 7", "part is: "),
    ({"ports": "80"}, "f: `ports` must be a list, it is '80'", "write ports: [8080]"),
    ({"ports": [1, 70000]}, "f: `ports[1]` must be a whole number from 1 to 65535, it is 70000", "write ports: [8080]"),
    ({"left-out": "yes"}, "f: `left-out` must be true or false, it is 'yes'", "left-out is: whether"),
    ({"kind": "x", "ports": [0, 0], "a": 1}, "f: `kind` 'x' is unknown (and 3 more)", "one of: service, job"),
    ({"kind": "x" * 99}, f"f: `kind` '{'x' * 99}' is unknown", "one of"),
    (
        {"ports": "long " * 99},
        "f: `ports` must be a list, it is 'long long long long long long long long long long long l...", "write"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "message", "hint"), WRONG, ids=[message for _, message, _ in WRONG])
def test_what_is_wrong_is_one_line(changes: Any, message: str, hint: str) -> None:
    data = {**GOOD, **changes} if changes else changes
    with pytest.raises(UserError) as caught:
        read(Outer, data, "f")
    assert caught.value.message == message
    assert caught.value.hint.startswith(hint)
    assert "\n" not in caught.value.message + caught.value.hint


def test_a_key_is_named_with_the_one_that_it_stands_under() -> None:
    with pytest.raises(UserError, match=r"f: `x\.y\.inner\.low` is missing"):
        read(Outer, {"name": "a:1", "inner": {"high": 1}}, "f", "x.y")
    with pytest.raises(UserError, match=r"f: `x\.y` has no key 'z'"):
        read(Outer, {"name": "a:1", "z": 1}, "f", "x.y")


def test_a_rule_over_several_keys_holds_for_values_made_here_too() -> None:
    with pytest.raises(Wrong, match="low 3 is above high 2"):
        Inner(3, 2)


def test_the_schema_says_the_same_as_the_reader() -> None:
    """What is refused for its form is refused by an editor too; only rules over several keys are ours alone."""
    validator = jsonschema.Draft202012Validator(json_schema(Outer))
    assert validator.is_valid(GOOD)
    for changes, message, _ in WRONG:
        if "is above" not in message and changes != {"name": None}:
            assert not validator.is_valid({**GOOD, **changes} if changes else changes), message


def test_the_schema_tells_of_every_key() -> None:
    schema = json_schema(Outer)
    assert schema["description"] == "The whole file."
    assert schema["properties"]["left-out"] == {
        "default": False,
        "description": "whether it is not there",
        "type": "boolean",
    }
    assert schema["$defs"]["Inner"]["required"] == ["low", "high"]
