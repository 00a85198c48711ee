"""The page of a format: every key, what it is, what may stand there, and what holds without it. Made from its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from datameesh_cli.core.formats import FORMATS, MADE_BY, Format
from datameesh_cli.core.schema import yaml_line

Schema = Mapping[str, Any]
_ABOUT = (
    "Every key of every file, as `dm` reads it. An editor with a YAML language server says the same while one types."
)


def page(of: Format) -> str:
    """Given a format, return its page."""
    schema = of.schema
    lines = [
        f"# `{of.title}`",
        "",
        f"<!-- {MADE_BY} -->",
        "",
        schema.get("description", ""),
        "",
        *_table(schema, schema),
    ]
    for name in _in_order(schema):
        part = schema["$defs"][name]
        lines += ["", f"## {name}", "", part.get("description", "").replace("<", "&lt;"), "", *_table(schema, part)]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def contents() -> str:
    """Return the page that lists the others."""
    rows = [f"| [{of.name}]({of.name}.md) | `{of.title}` | `schemas/{of.name}.json` |" for of in FORMATS]
    head = [
        "# What our YAML files may say",
        "",
        f"<!-- {MADE_BY} -->",
        "",
        "| page | files | for editors |",
        "|---|---|---|",
    ]
    return "\n".join([*head, *rows]) + "\n"


def _in_order(schema: Schema) -> list[str]:
    """The names of the parts in the order in which the page speaks of them."""
    found: list[str] = []
    waiting = list(_names(schema.get("properties", {})))
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found.append(name)
            waiting += _names(schema["$defs"][name])
    return found


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if "$ref" in node:
            yield str(node["$ref"]).rsplit("/", 1)[1]
        for key, value in node.items():
            if key not in ("examples", "default"):
                yield from _names(value)
    if isinstance(node, list):
        for entry in node:
            yield from _names(entry)


def _table(root: Schema, schema: Schema) -> list[str]:
    rows = ["| key | what it is | what may stand there | without it |", "|---|---|---|---|"]
    for name, said in schema.get("properties", {}).items():
        example = f", such as `{yaml_line(said['examples'][0])}`" if said.get("examples") else ""
        cells = (f"`{name}`", _about(root, said), _value(said) + example, _without(schema, name, said))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return rows if len(rows) > 2 else []


def _about(root: Schema, said: Schema) -> str:
    """What a key is; where it does not say so itself, what its part is."""
    about = said.get("description") or next((root["$defs"][n].get("description", "") for n in _names(said)), "")
    return str(about).replace("<", "&lt;")


def _without(schema: Schema, name: str, said: Schema) -> str:
    if name in schema.get("required", ()):
        return "refused"
    said_nothing = said.get("default") in (None, "", []) or isinstance(said["default"], Mapping)
    return "" if said_nothing else f"`{yaml_line(said['default'])}`"


def _value(said: Schema) -> str:
    """What may stand there, in words."""
    if "$ref" in said:
        name = str(said["$ref"]).rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in said:
        return " or ".join(dict.fromkeys(_value(kind) for kind in said["anyOf"] if kind.get("type") != "null"))
    if "enum" in said:
        return ", ".join(f"`{value}`" for value in said["enum"] if value)
    if "const" in said:
        return f"`{said['const']}`"
    if said.get("type") == "array":
        return "a list" + (f": {_value(said['items'])}" if said.get("items") else "")
    if said.get("type") == "object":
        inside = said.get("additionalProperties")
        return "a mapping" + (f", each {_value(inside)}" if isinstance(inside, Mapping) and inside else "")
    words = {"integer": "a whole number", "number": "a number", "string": "a text", "boolean": "true or false"}
    low, high = said.get("minimum", said.get("exclusiveMinimum")), said.get("maximum")
    ends = f" from {low} to {high}" if high is not None else f" from {low}" if low else ""
    return words.get(str(said.get("type")), "anything") + ends
