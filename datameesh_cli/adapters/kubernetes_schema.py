"""The schemas of Kubernetes, from the package kubernetes-validate: offline, strict.

Its own `validate` reads 1.4 MB of definitions again for each object; here they are read once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from datameesh_cli.adapters import files

VERSION = "1.33"
"""The release that the tests' cluster runs."""

_UNKNOWN = {"ServiceMonitor", "SealedSecret"}
"""Kinds of other projects: no schema of Kubernetes speaks of them."""


def problems(objects: Sequence[Mapping[str, Any]]) -> list[str]:
    """Given objects, return what is wrong with each by the schemas of Kubernetes, fields that do not exist included."""
    found = []
    for o in objects:
        if o["kind"] in _UNKNOWN:
            continue
        validator = _validator(o["kind"], o["apiVersion"])
        if validator is None:
            found.append(f"{_name(o)}: Kubernetes {VERSION} has no {o['apiVersion']} {o['kind']}")
            continue
        for error in sorted(validator.iter_errors(o), key=lambda e: list(map(str, e.path))):
            found.append(f"{_name(o)}: {'.'.join(map(str, error.path))}: {error.message[:200]}")
    return found


def prepare() -> None:
    """Read what every check needs; half a second that can pass while something else is waited for."""
    _registry()
    for kind, api in (("StatefulSet", "apps/v1"), ("Service", "v1"), ("NetworkPolicy", "networking.k8s.io/v1")):
        _validator(kind, api)  # and with the first the library itself


@cache
def _folder() -> Path:
    import importlib.resources

    root = importlib.resources.files("kubernetes_validate").joinpath("kubernetes-json-schema")
    return Path(str(root)) / f"v{VERSION}.0-local-strict"


@cache
def _registry() -> Any:
    from referencing import Registry, Resource

    contents = json.loads(files.read(_folder() / "_definitions.json"))
    return Resource.from_contents(contents) @ Registry()


@cache
def _validator(kind: str, api: str) -> Any:
    import jsonschema
    from referencing import Resource

    version = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api)
    text = files.read_if_there(_folder() / f"{kind.lower()}-{version}.json")
    if text is None:
        return None
    schema = json.loads(text)
    registry = Resource.from_contents(schema) @ _registry()
    return jsonschema.validators.Draft202012Validator(schema, registry=registry)


def _name(o: Mapping[str, Any]) -> str:
    meta = o["metadata"]
    return f"{o['kind']} {meta.get('namespace', '')}/{meta['name']}".replace(" /", " ")
