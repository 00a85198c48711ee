"""Small values of the model, with every field that a test does not care about filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datameesh_cli.core.check import Check
from datameesh_cli.core.declaration import Heap, LeaveOut, Ram, Setting
from datameesh_cli.core.health import Container
from datameesh_cli.core.kind import Kind
from datameesh_cli.core.model import Model, Port, Profile, Service


def a_service(name: str, *, ram: tuple[int, int] = (64, 128), **fields: Any) -> Service:
    """Given a name, a (min, want) and any other field, return a service of profile `core`."""
    defaults: dict[str, Any] = {
        "folder": name,
        "profile": "core",
        "namespace": "data-platform",
        "layer": "infrastructure",
        "owner": "platform-team",
        "image": f"datameesh/{name}:1",
    }
    return Service(name=name, ram=Ram(*ram), **(defaults | fields))


def a_check(action: Kind, expect: Mapping[str, Any] | None = None, **fields: Any) -> Check:
    """Given what it does, what it expects (of every kind something can be) and any other field, return a check."""
    named = {"name": "one", "file": "tests/journeys/a.yaml"} | fields
    return Check(action=action, expect=action.expects(**(expect or {"contains": "ok"})), **named)


def a_container(service: str, status: str = "running", health: str = "healthy", **fields: Any) -> Container:
    """Given a service and the state of its only container, return the container as the engine reports it."""
    defaults: dict[str, Any] = {"name": f"datameesh-{service}-1", "started_at": "2026-01-01T00:00:00Z", "limit": 64}
    return Container(service=service, status=status, health=health, **(defaults | fields))


def smallest_mesh() -> Model:
    """Core + analytics in small: databases, JVMs, a worker that may be left out, a job. Minima without the worker: 1424."""
    worker = LeaveOut(3072, "the coordinator also works", {"TRINO_INCLUDE_COORDINATOR": "true"})
    services = (
        a_service(
            "sales-db",
            ram=(80, 512),
            provides=("domain-database", "marts"),
            settings={"SHARED_BUFFERS": Setting("limit", 0.25, 16, 1024)},
        ),
        a_service("marketing-db", ram=(80, 512), provides=("domain-database",), ports=()),
        a_service("hive-metastore-db", ram=(80, 256), profile="analytics"),
        a_service(
            "hive-metastore",
            ram=(192, 384),
            profile="analytics",
            heap=Heap(144, 0.5),
            provides=("metastore",),
            depends_on=("hive-metastore-db", "minio"),
        ),
        a_service(
            "minio",
            ram=(96, 512),
            profile="analytics",
            ports=(Port("MINIO_API_PORT", 30900, 9000),),
            secrets=("minio-access-key", "minio-secret-key"),
            provides=("object-store",),
        ),
        a_service(
            "trino-coordinator",
            ram=(640, 2048),
            profile="analytics",
            heap=Heap(384, 0.7),
            settings={"QUERY_MAX_MEMORY_PER_NODE": Setting("heap", 0.4)},
            ports=(Port("TRINO_PORT", 30808, 8080),),
            provides=("sql",),
            depends_on=("hive-metastore",),
        ),
        a_service(
            "trino-worker",
            ram=(576, 2048),
            profile="analytics",
            heap=Heap(320, 0.7),
            leave_out=worker,
            depends_on=("trino-coordinator",),
        ),
        a_service("dbt", ram=(256, 512), profile="analytics", kind="job", provides=("transformation",)),
    )
    return Model(services, (Profile("core", (), "domains"), Profile("analytics", ("core",), "queries")))
