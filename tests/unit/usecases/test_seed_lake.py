"""The lake's share of a data set, with an object store and an SQL engine that only remember."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from datameesh_cli.adapters.adapters import Adapters, adapters_for
from datameesh_cli.core.seed.plan import plan
from datameesh_cli.errors import UnhealthyError
from datameesh_cli.usecases.load_domain import Load
from datameesh_cli.usecases.open_target import Opened
from datameesh_cli.usecases.plan_memory import plan_memory
from datameesh_cli.usecases.read_datasets import DeclaredData, read_datasets
from datameesh_cli.usecases.seed_lake import SeededLake, seed_lake
from tests.contract.repo import ROOT

NOTE = "raw/loaded_set.json"


@dataclass
class Found:
    key: str


@dataclass
class Store:
    """Objects by key."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def stat(self, bucket: str, key: str) -> Any:
        return self.objects.get(key)

    def get(self, bucket: str, key: str) -> bytes:
        return self.objects[key]

    def remove(self, bucket: str, key: str) -> None:
        self.objects.pop(key, None)

    def put(self, bucket: str, key: str, data: bytes) -> None:
        self.objects[key] = data

    def put_file(self, bucket: str, key: str, path: Path) -> None:
        self.objects[key] = path.read_bytes()

    def put_written(self, bucket: str, key: str, write: Callable[[BinaryIO], int]) -> int:
        content = io.BytesIO()
        rows = write(content)
        self.objects[key] = content.getvalue()
        return rows

    def list(self, bucket: str, prefix: str) -> list[Found]:
        return [Found(key) for key in self.objects if key.startswith(prefix)]


@dataclass
class Engine:
    """Runs every statement but one that holds `refuses`."""

    refuses: str = ""
    ran: list[str] = field(default_factory=list)

    def query(self, statement: str) -> Any:
        self.ran.append(statement)
        if self.refuses and self.refuses in statement:
            raise UnhealthyError("no space left")
        return type("Result", (), {"rows": ((1,),)})


class Session:
    """A database whose every query gives three rows."""

    def copy_out(self, query: str, sink: BinaryIO, *, header: bool) -> int:
        sink.write(b"header\n" if header else b"row\n")
        return 3


@dataclass
class Place:
    store: Store
    trino: Engine
    running: frozenset[str]


@pytest.fixture
def adapters(tmp_path: Path) -> Adapters:
    return adapters_for(root=ROOT, state_root=tmp_path)


def _seeded(
    adapters: Adapters, store: Store, engine: Engine, *, running: bool = True, force: bool = False, content: str = "x"
) -> tuple[SeededLake | None, DeclaredData]:
    declared = read_datasets(adapters.repository)
    planned = plan_memory(adapters, ("analytics",), 4096, elsewhere=True)
    services = frozenset(s.name for s in planned.services) if running else frozenset()
    opened = Opened(planned, cast(Any, Place(store, engine, services)))
    sessions: Any = {dataset.domain: Session() for dataset in declared.datasets}
    load = Load("small", 1, content, plan(declared.people, "small", 1), force)
    return seed_lake(adapters, opened, declared, sessions, load, lambda _: None), declared


def test_every_raw_table_and_statement_reaches_the_lake_and_that_is_written_down_last(adapters: Adapters) -> None:
    store, engine = Store({"processed/sales/old": b""}), Engine()
    seeded, declared = _seeded(adapters, store, engine)
    assert seeded is not None
    assert seeded.loaded
    raw = {f"raw/{d.domain}/{table}.csv" for d in declared.datasets for table in d.raw}
    assert dict(seeded.objects) == dict.fromkeys(raw, 3)
    assert raw <= set(store.objects)
    assert store.objects["raw/sales/customers.csv"] == b"header\n"
    assert "processed/sales/old" not in store.objects, "a dropped external table leaves its files"
    assert len(engine.ran) == seeded.statements > 10
    assert list(store.objects)[-1] == NOTE
    assert json.loads(store.objects[NOTE])["content"] == "x"


def test_a_lake_that_holds_the_set_is_left_alone_unless_forced(adapters: Adapters) -> None:
    store = Store()
    _seeded(adapters, store, Engine())
    again = Engine()
    seeded, _ = _seeded(adapters, store, again)
    assert seeded is not None
    assert not seeded.loaded
    assert len(again.ran) == 1
    assert again.ran[0].startswith("SHOW TABLES FROM")
    for other in ({"force": True}, {"content": "y"}):
        seeded, _ = _seeded(adapters, store, Engine(), **cast(Any, other))
        assert seeded is not None
        assert seeded.loaded


def test_a_statement_that_fails_is_named_and_the_set_is_not_written_down(adapters: Adapters) -> None:
    store = Store({NOTE: b'{"content": "older"}'})
    with pytest.raises(UnhealthyError) as failed:
        _seeded(adapters, store, Engine(refuses="hive.processed.customers "))
    assert re.fullmatch(r"seed/lake/02-processed\.sql, line \d+: no space left", failed.value.message)
    assert NOTE not in store.objects


def test_nothing_is_done_where_no_lake_runs(adapters: Adapters) -> None:
    store = Store()
    assert _seeded(adapters, store, Engine(), running=False)[0] is None
    assert store.objects == {}
