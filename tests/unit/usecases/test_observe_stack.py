"""`dm k8s parity`: which facts are taken of a stack. The stack is scripted here."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.adapters.object_store import ObjectStore, StoredObject
from datameesh_cli.adapters.trino import Trino
from datameesh_cli.adapters.tunnel import Endpoint
from datameesh_cli.core.check import Check
from datameesh_cli.core.checks.exec import Exec
from datameesh_cli.core.expectation import Answer
from datameesh_cli.core.kind import Ended, Request
from datameesh_cli.core.seed.dataset import Database
from datameesh_cli.errors import UnhealthyError
from datameesh_cli.usecases.observe_stack import observe_stack
from datameesh_cli.usecases.open_target import Opened
from datameesh_cli.usecases.plan_memory import plan_memory
from tests.fakes.adapters import FakeEngine, fake_adapters
from tests.fakes.values import a_check
from tests.unit.usecases.test_verify_stack import FakeTarget

INSIDE = "user 999:999\nmemory 104857600\nenvironment PGDATABASE 2c26b46b68ffc68f\n"


class _Store(ObjectStore):
    def list(self, bucket: str, prefix: str = "") -> tuple[StoredObject, ...]:
        assert (bucket, prefix) == ("datalake", "raw/")
        return (StoredObject("raw/sales/orders.csv", 12, "e1"), StoredObject("raw/loaded_set.json", 3, "e2"))


@dataclass
class FakePlace(FakeTarget):
    """A target with a database, a metastore that refuses every command, and a store."""

    running: frozenset[str] = frozenset({"db", "metastore", "web"})
    trino: Trino = field(default_factory=lambda: Trino("", 0))
    store: ObjectStore | None = field(default_factory=lambda: _Store("", "", ""))

    def run(self, service: str, command: Sequence[str]) -> Ended:
        if service == "metastore":
            raise UnhealthyError("metastore does not run")
        if "facts" in command:
            self.asked.append(" ".join(command[command.index("facts") + 1 :]))
            return Ended(0, INSIDE)
        if command[0] == "psql":
            if "FROM datameesh.loaded_set" in command[-1]:
                return Ended(1, "", 'relation "datameesh.loaded_set" does not exist')
            seen = "who,what,answer\ningest,DELETE public.orders,denied\n"
            return Ended(0, seen) if "dm_seen" in command[-1] else Ended(1, "", "ERROR: no space left")
        return super().run(service, command)

    def sql(self, statements: Sequence[str], user: str) -> Answer:
        if statements == ["SHOW CATALOGS"]:
            return Answer(("Catalog",), (("system",), ("tpch",), ("shop",)))
        assert "FROM shop." in statements[0]
        return Answer(("t", "c", "p", "type"), (("public.orders", "id", "1", "integer"),))

    def http(self, port: str, request: Request) -> Answer:
        if request.path == "/ui/":
            raise UnhealthyError("nobody answers at 127.0.0.1:30808")
        return Answer(status=200)

    def reach(self, service: str, port: int) -> AbstractContextManager[Endpoint]:
        raise AssertionError("nothing is loaded")

    def run_job(self, service: str, arguments: Sequence[str], command: Sequence[str] = ()) -> Generator[str, None, int]:
        raise AssertionError("there is no job")


def _observed(tmp_path: Path, checks: Sequence[Check]) -> tuple[dict[str, str], FakePlace]:
    adapters: Adapters
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    place = FakePlace({"bad": Answer(exit=3, text="at 10.1.2.3")})
    opened = Opened(plan_memory(adapters, ("analytics",), 1000), place)
    databases = [Database("db", "d", "admin", "p"), Database("gone-db", "g", "admin", "p")]
    return observe_stack(opened, checks, databases, {"db": ["/etc/a", "/etc/b"]}, lambda _: None), place


def test_facts_come_from_inside_from_the_databases_the_lake_and_the_ports(tmp_path: Path) -> None:
    facts, place = _observed(tmp_path, ())
    assert facts["user/db"] == "999:999"
    assert facts["memory/db"] == "100 MiB"
    assert facts["environment/db PGDATABASE"] == "2c26b46b68ffc68f"
    assert facts["denial/db ingest.DELETE public.orders"] == "denied"
    assert facts["raw/raw/sales/orders.csv"] == "12 bytes, e1"
    assert not any("loaded_set" in fact for fact in facts), "it says when it was loaded"
    assert [fact for fact in facts if fact.startswith("schema/")] == ["schema/shop public.orders.id.1"], (
        "the engine names them"
    )
    assert facts["http/WEB_PORT /"] == "status 200"
    assert "/etc/a /etc/b" in place.asked, "the mounted files are looked at"


def test_what_a_stack_does_not_tell_is_a_fact_too(tmp_path: Path) -> None:
    facts, _ = _observed(tmp_path, ())
    assert facts["user/metastore"] == "not observed: metastore does not run"
    assert facts["seed/db"] == "not observed: ERROR: no space left"
    assert facts["http/WEB_PORT /ui/"] == "not observed: nobody answers at 127.0.0.1:30808"
    assert not any("gone-db" in fact for fact in facts), (
        "a database that does not run here is seen by its container's facts"
    )


def test_every_check_that_is_meant_for_both_targets_is_observed(tmp_path: Path) -> None:
    good = Exec("db", ("good",))
    checks = [
        a_check(good, name="good"),
        a_check(Exec("db", ("bad",)), name="bad"),
        a_check(good, name="here only", target="compose"),
        a_check(good, name="with data", sets=("small",)),
        a_check(Exec("metastore", ("x",)), name="refused"),
    ]
    facts, _ = _observed(tmp_path, checks)
    assert {fact.rpartition(": ")[2]: seen for fact, seen in facts.items() if fact.startswith("check/")} == {
        "good": "exit code 0: ok",
        "bad": "exit code 3: at <address>",
        "with data": "not asked: needs data set small; loaded: none",
        "refused": "refused: metastore does not run",
    }
