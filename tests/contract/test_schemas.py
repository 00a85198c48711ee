"""What our YAML files may say is published, fresh, complete and true: editors, pages and the reader say the same."""

from __future__ import annotations

import copy
import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.formats import FORMATS, Format
from datameesh_cli.usecases.publish_schemas import published
from tests.contract.repo import ROOT, label, read, tracked

FILES = [(of, path) for of in FORMATS for place in of.places for path in sorted(ROOT.glob(place))]
PUBLISHED = published(adapters_for(root=ROOT))
BY_PATH = pytest.mark.parametrize(("of", "path"), FILES, ids=[label(path) for _, path in FILES])


def _as_json(value: Any) -> Any:
    """YAML knows dates, JSON has them as text."""
    return json.loads(json.dumps(value, default=lambda v: v.isoformat() if isinstance(v, datetime.date) else v))


def _validator(of: Format) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((ROOT / "schemas" / f"{of.name}.json").read_text()))


def test_schemas_pages_and_headers_are_fresh() -> None:
    stale = [label(path) for path, text in PUBLISHED.items() if not path.exists() or path.read_text() != text]
    assert stale == [], "run: ./dm dev schemas"


def test_nothing_else_lies_there() -> None:
    made = set(PUBLISHED) | {ROOT / "schemas" / "README.md"}
    folders = (ROOT / "schemas", ROOT / "docs" / "reference")
    assert [label(p) for p in tracked() if p.parent in folders and p not in made] == []


@BY_PATH
def test_every_file_names_its_schema(of: Format, path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve() == ROOT / "schemas" / f"{of.name}.json"


@BY_PATH
def test_every_file_is_what_its_schema_allows(of: Format, path: Path) -> None:
    wrong = [f"{e.json_path}: {e.message}" for e in _validator(of).iter_errors(_as_json(read(path) or {}))]
    assert wrong == []


@BY_PATH
def test_a_key_that_is_none_is_refused(of: Format, path: Path) -> None:
    """In each mapping of the file where no other key may stand, one more is too many."""
    data, count = _as_json(read(path) or {}), 0
    for spoilt in _with_one_more_key(data):
        count += not _validator(of).is_valid(spoilt)
    assert count, "an editor would say nothing of a misspelt key"


def _with_one_more_key(data: Any) -> Iterator[Any]:
    whole = copy.deepcopy(data)
    waiting = [whole]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            node["colour"] = "red"
            yield whole
            del node["colour"]
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


@pytest.mark.parametrize("of", FORMATS, ids=lambda of: of.name)
def test_every_key_says_what_it_is(of: Format) -> None:
    schema = of.schema
    jsonschema.Draft202012Validator.check_schema(schema)
    silent = []
    for name, part in {"": schema, **schema.get("$defs", {})}.items():
        for key, said in part.get("properties", {}).items():
            there = schema["$defs"][said["$ref"].rsplit("/", 1)[1]] if "$ref" in said else said
            if not said.get("description") and not there.get("description"):
                silent.append(f"{name}.{key}")
    assert silent == []
