"""Deliberately broken exports, one file each: what is changed in the good export of the example, and which stage must reject it.

    # What is broken, in plain words.
    stage: graph                # the first stage that rejects it: schema | graph | kube-score | server
    says: no port 5000         # a part of what that stage says first
    change:                    # in this order
      - {object: Service data-platform/web, op: replace, path: /spec/ports/0/port, value: 30081}

`path` is a JSON pointer: `0` is the first of a list, `-` behind its last, `~1` a slash inside of a key. `add`, `remove` and
`replace` are those of JSON Patch, but `add` overwrites nothing. Without a path it is a whole object: `{op: add, value: {...}}`,
`{object: ..., op: remove}`; and `{object: ..., op: copy, name: ...}` makes a second one with that name.

A case of the server may have `there`: objects that others already have on the cluster.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datameesh_cli.adapters import yaml_text
from datameesh_cli.core.k8s.objects import Object, Objects, identity
from datameesh_cli.core.k8s.pipeline import passes
from tests.unit.core.k8s.example import draft, example

FOLDER = Path(__file__).parent

_SOURCE = example(bodies={"web": {"read_only": True}, "nightly": {"read_only": True}})
GOOD: Objects = tuple(yaml_text.load_all(yaml_text.dump_all(passes(draft(_SOURCE), _SOURCE))))
"""The export that passes every stage, as it would be read from its folder: no two objects share a value."""


@dataclass(frozen=True, slots=True)
class Broken:
    """One file. `there`: what others have on the cluster."""

    name: str
    stage: str
    says: str
    objects: Objects
    there: Objects = ()

    def rejected_by(self, message: str) -> bool:
        """Whether a message is the one by which the named stage rejects it."""
        return message.startswith(f"the export does not pass '{self.stage}': ") and self.says in message


def broken_exports(*stages: str) -> list[Broken]:
    """The cases of these stages, all without one, in the order of their names. Raise ValueError for a file that is not one."""
    found = [_read(path) for path in sorted(FOLDER.glob("*.yaml"))]
    return [case for case in found if case.stage in stages or not stages]


def changed(objects: Objects, changes: Iterable[Mapping[str, Any]]) -> Objects:
    """Given objects and changes, return changed copies. Raise ValueError for a change that says or meets something unknown."""
    result = copy.deepcopy(list(objects))
    for change in changes:
        try:
            _change(result, change)
        except (LookupError, TypeError, ValueError) as wrong:
            raise ValueError(f"{dict(change)}: {wrong}") from wrong
    return tuple(result)


def _read(path: Path) -> Broken:
    text = path.read_text(encoding="utf-8")
    content = yaml_text.load(text)
    if not text.startswith("# ") or not {"stage", "says", "change"} <= {*content} <= {
        "stage",
        "says",
        "change",
        "there",
    }:
        raise ValueError(f"{path.name}: wanted are a comment, stage, says, change, and there where it is needed")
    objects = changed(GOOD, content["change"])
    return Broken(path.stem, content["stage"], content["says"], objects, tuple(content.get("there", ())))


def _change(objects: list[Object], change: Mapping[str, Any]) -> None:
    match change:
        case {"op": "add", "value": {"kind": _, "metadata": _} as value, **rest} if not rest:
            objects.append(value)
        case {"op": "remove", "object": named, **rest} if not rest:
            objects.remove(_object(objects, named))
        case {"op": "copy", "object": named, "name": name, **rest} if not rest:
            second = copy.deepcopy(_object(objects, named))
            second["metadata"]["name"] = name
            objects.append(second)
        case {"op": "remove", "object": named, "path": path, **rest} if not rest:
            holder, key = _place(_object(objects, named), path)
            del holder[key]
        case {"op": "replace", "object": named, "path": path, "value": value, **rest} if not rest:
            holder, key = _place(_object(objects, named), path)
            if holder[key] == value:
                raise ValueError("it says that already")
            holder[key] = value
        case {"op": "add", "object": named, "path": path, "value": value, **rest} if not rest:
            _add(_object(objects, named), path, value)
        case _:
            raise ValueError("there is no such change")


def _object(objects: list[Object], named: str) -> Object:
    """By its kind, namespace and name: `Service data-platform/web`, `Namespace sales-domain`."""
    kind, _, name = named.partition(" ")
    namespace, _, name = name.rpartition("/")
    found = [o for o in objects if identity(o) == (namespace, kind, name)]
    if len(found) != 1:
        raise ValueError(f"there are {len(found)} of it")
    return found[0]


def _add(o: Object, path: str, value: Any) -> None:
    holder, key = _place(o, path)
    if isinstance(holder, list):
        holder.insert(key, value)
    elif key in holder:
        raise ValueError("it is there already")
    else:
        holder[key] = value


def _place(o: Object, path: str) -> tuple[Any, Any]:
    """What holds the end of a path, and the key or number of that in it."""
    start, *keys = [key.replace("~1", "/").replace("~0", "~") for key in path.split("/")]
    if start or not keys:
        raise ValueError("a path begins with /")
    holder: Any = o
    for key in keys[:-1]:
        holder = holder[_key(holder, key)]
    return holder, _key(holder, keys[-1])


def _key(holder: Any, key: str) -> str | int:
    if not isinstance(holder, list):
        return key
    number = len(holder) if key == "-" else int(key)
    if not 0 <= number <= len(holder):
        raise ValueError(f"the list has {len(holder)} entries")
    return number
