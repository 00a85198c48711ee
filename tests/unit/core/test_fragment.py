"""Fragments and profile files: what is read, and one clear line with file and key for every mistake."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from datameesh_cli.core.declaration import Edge, Heap, LeaveOut, Ram, Setting, Url
from datameesh_cli.core.fragment import services_from
from datameesh_cli.core.model import Port, Profile
from datameesh_cli.core.schema import read
from datameesh_cli.errors import UserError

FILE = "services/trino/compose.yaml"
WHOLE: dict[str, Any] = {
    "services": {
        "trino-worker": {
            "image": "${TRINO_IMAGE:-datameesh/trino:476}",
            "profiles": ["analytics"],
            "deploy": {"replicas": "${TRINO_WORKER_REPLICAS:-2}"},
            "ports": ["${DM_BIND:-127.0.0.1}:${TRINO_PORT:-30808}:8080"],
            "depends_on": {"trino-coordinator": {"condition": "service_healthy"}},
            "secrets": ["trino-internal-secret", {"source": "sales-db-trino-password", "target": "sales"}],
            "x-datameesh": {
                "namespace": "data-platform",
                "layer": "query and federation",
                "owner": "platform-team",
                "ram": {"min": 640, "want": 2048, "measured": "a federated join"},
                "heap": {"outside": 384, "share": 0.7},
                "settings": {
                    "QUERY_MAX": {"of": "heap", "share": 0.4},
                    "BUFFERS": {"of": "limit", "share": 0.25, "min": 16, "max": 512},
                },
                "leave-out": {
                    "below": 3072,
                    "says": "the coordinator also works",
                    "set": {"INCLUDE": True, "N": 1, "T": "x"},
                },
                "urls": [
                    {
                        "title": "Trino",
                        "port": "TRINO_PORT",
                        "path": "/ui/",
                        "user": "admin",
                        "secret": None,
                        "can": ["run SQL"],
                    }
                ],
            },
        }
    }
}


def _read(**changes: Any) -> Any:
    """Read WHOLE with keys of the service replaced; a key that begins with `x_` is one of x-datameesh; None removes it."""
    data = copy.deepcopy(WHOLE)
    body = data["services"]["trino-worker"]
    for key, value in changes.items():
        place, name = (body["x-datameesh"], key[2:]) if key.startswith("x_") else (body, key)
        name = name.replace("leave_out", "leave-out")
        if value is None:
            place.pop(name)
        else:
            place[name] = value
    (service,) = services_from(data, "trino", FILE)
    return service


def test_a_whole_fragment_is_read() -> None:
    service = _read()
    assert (service.name, service.folder, service.profile, service.kind) == (
        "trino-worker",
        "trino",
        "analytics",
        "service",
    )
    assert (service.image, service.replicas) == ("datameesh/trino:476", 2)
    assert service.ram == Ram(640, 2048, "a federated join")
    assert service.heap == Heap(384, 0.7)
    assert service.settings == {"QUERY_MAX": Setting("heap", 0.4), "BUFFERS": Setting("limit", 0.25, 16, 512)}
    assert service.leave_out == LeaveOut(3072, "the coordinator also works", {"INCLUDE": "true", "N": "1", "T": "x"})
    assert service.ports == (Port("TRINO_PORT", 30808, 8080),)
    assert service.urls == (Url("Trino", "TRINO_PORT", "/ui/", "admin", None, ("run SQL",)),)
    assert service.depends_on == ("trino-coordinator",)
    assert service.secrets == ("trino-internal-secret", "sales-db-trino-password")


def test_what_may_be_left_away_may_be_left_away() -> None:
    bare = _read(
        deploy=None,
        ports=None,
        depends_on=None,
        secrets=None,
        x_heap=None,
        x_settings=None,
        x_leave_out=None,
        x_urls=None,
    )
    assert (bare.replicas, bare.ports, bare.urls, bare.heap, bare.leave_out) == (1, (), (), None, None)
    assert _read(depends_on=["a", "b"]).depends_on == ("a", "b")


def test_a_job_names_its_profile_in_x_datameesh() -> None:
    job = _read(profiles=["job"], x_kind="job", x_profile="analytics")
    assert (job.kind, job.profile) == ("job", "analytics")
    with pytest.raises(UserError, match="`profile:` is missing, with which a job comes"):
        _read(profiles=["job"], x_kind="job")


SERVICE_ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"x-datameesh": None}, "`x-datameesh` is missing"),
    ({"x-datameesh": "text"}, "`x-datameesh` must be a mapping, it is 'text'"),
    ({"x_colour": "red"}, "`x-datameesh` has no key 'colour'"),
    ({"x_kind": "daemon"}, "`x-datameesh.kind` 'daemon' is unknown"),
    ({"x_layer": None}, "`x-datameesh.layer` is missing"),
    ({"x_layer": "basement"}, "`x-datameesh.layer` 'basement' is unknown"),
    ({"x_namespace": None}, "`x-datameesh.namespace` is missing"),
    ({"x_owner": ""}, "`x-datameesh.owner` is empty, it must be a text"),
    ({"x_files": {"config": "etc"}}, "`x-datameesh.files.config` cannot be 'etc'"),
    ({"x_provides": ["SQL"]}, "`x-datameesh.provides[0]` cannot be 'SQL'"),
    ({"image": None}, "`image` is missing"),
    ({"image": 476}, "`image` must be a text, it is 476"),
    ({"profiles": None}, "`services.trino-worker`: `profiles:` must name exactly one profile"),
    ({"profiles": []}, "`services.trino-worker`: `profiles:` must name exactly one profile"),
    ({"profiles": ["core", "analytics"]}, "`services.trino-worker`: `profiles:` must name exactly one profile"),
    ({"profiles": "core"}, "`profiles` must be a list, it is 'core'"),
    ({"profiles": [1]}, "`profiles[0]` must be a text, it is 1"),
    ({"x_ram": None}, "`x-datameesh.ram` is missing"),
    ({"x_ram": 640}, "`x-datameesh.ram` must be a mapping, it is 640"),
    ({"x_ram": {"min": 640}}, "`x-datameesh.ram.want` is missing"),
    ({"x_ram": {"min": "640m", "want": 2048}}, "`x-datameesh.ram.min` must be a whole number from 1, it is '640m'"),
    ({"x_ram": {"min": 640, "want": True}}, "`x-datameesh.ram.want` must be a whole number, it is True"),
    ({"x_ram": {"min": -1, "want": 2048}}, "`x-datameesh.ram.min` must be a whole number from 1, it is -1"),
    ({"x_ram": {"min": 640, "want": float("inf")}}, "`x-datameesh.ram.want` must be a whole number, it is inf"),
    ({"x_ram": {"min": float("nan"), "want": 640}}, "`x-datameesh.ram.min` must be a whole number from 1, it is nan"),
    ({"x_ram": {"min": 0, "want": 640}}, "`x-datameesh.ram.min` must be a whole number from 1, it is 0"),
    ({"x_ram": {"min": 641, "want": 640}}, "`x-datameesh.ram`: min 641 is above want 640"),
    ({"x_heap": 384}, "`x-datameesh.heap` must be a mapping, it is 384"),
    ({"x_heap": {"share": 0.7}}, "`x-datameesh.heap.outside` is missing"),
    ({"x_heap": {"outside": "x", "share": 0.7}}, "`x-datameesh.heap.outside` must be a whole number from 1, it is 'x'"),
    ({"x_heap": {"outside": 384, "share": 70}}, "`x-datameesh.heap.share` must be a number above 0, up to 1, it is 70"),
    ({"x_heap": {"outside": 640, "share": 0.7}}, "`x-datameesh`: heap.outside 640 leaves no heap of ram.min 640"),
    ({"x_heap": {"outside": 0, "share": 0.7}}, "`x-datameesh.heap.outside` must be a whole number from 1, it is 0"),
    ({"x_heap": {"outside": 384, "share": 0}}, "`x-datameesh.heap.share` must be a number above 0, up to 1, it is 0"),
    ({"x_settings": ["QUERY_MAX"]}, "`x-datameesh.settings` must be a mapping, it is ['QUERY_MAX']"),
    ({"x_settings": {"Q": 5}}, "`x-datameesh.settings.Q` must be a mapping, it is 5"),
    ({"x_settings": {"Q": {"of": "budget", "share": 1}}}, "`x-datameesh.settings.Q.of` 'budget' is unknown"),
    ({"x_settings": {"Q": {"of": "limit"}}}, "`x-datameesh.settings.Q.share` is missing"),
    (
        {"x_settings": {"Q": {"of": "limit", "share": 40}}},
        "`x-datameesh.settings.Q.share` must be a number from 0 to 1, it is 40",
    ),
    (
        {"x_settings": {"Q": {"of": "limit", "share": 0.1, "max": "1g"}}},
        "`x-datameesh.settings.Q.max` must be a whole number, it is '1g'",
    ),
    ({"x_heap": None}, "`x-datameesh`: settings.QUERY_MAX is a part of a heap that is not there"),
    ({"x_leave_out": 3072}, "`x-datameesh.leave-out` must be a mapping, it is 3072"),
    ({"x_leave_out": {"says": "x"}}, "`x-datameesh.leave-out.below` is missing"),
    ({"x_leave_out": {"below": "3g", "says": "x"}}, "`x-datameesh.leave-out.below` must be a whole number, it is '3g'"),
    ({"x_leave_out": {"below": 3072}}, "`x-datameesh.leave-out.says` is missing"),
    (
        {"x_leave_out": {"below": 3072, "says": "x", "set": "A=1"}},
        "`x-datameesh.leave-out.set` must be a mapping, it is 'A=1'",
    ),
    ({"ports": "8080"}, "`ports` must be a list, it is '8080'"),
    ({"ports": ["8080:8080"]}, "`ports[0]`: '8080:8080' cannot be moved"),
    (
        {"ports": [{"target": 8080, "published": 8080}]},
        "`ports[0]`: {'target': 8080, 'published': 8080} cannot be moved",
    ),
    ({"x_urls": {"title": "Trino"}}, "`x-datameesh.urls` must be a list, it is {'title': 'Trino'}"),
    ({"x_urls": ["Trino"]}, "`x-datameesh.urls[0]` must be a mapping, it is 'Trino'"),
    ({"x_urls": [{"port": "TRINO_PORT"}]}, "`x-datameesh.urls[0].title` is missing"),
    ({"x_urls": [{"title": "Trino"}]}, "`x-datameesh.urls[0].port` is missing"),
    (
        {"x_urls": [{"title": "Trino", "port": "P", "can": "run SQL"}]},
        "`x-datameesh.urls[0].can` must be a list, it is 'run SQL'",
    ),
    ({"depends_on": "minio"}, "`depends_on` must be a list, it is 'minio'"),
    ({"depends_on": [None]}, "`depends_on[0]` is empty, it must be a text"),
    ({"secrets": "a"}, "`secrets` must be a list, it is 'a'"),
    ({"secrets": [{"target": "x"}]}, "`secrets[0]`: {'target': 'x'} names no secret"),
    ({"deploy": "2"}, "`deploy` must be a mapping, it is '2'"),
    ({"deploy": {"replicas": "${X}"}}, "`deploy.replicas`: '${X}' is not a number"),
    ({"deploy": {"replicas": "two"}}, "`deploy.replicas`: 'two' is not a number"),
]


@pytest.mark.parametrize(("changes", "says"), SERVICE_ERRORS, ids=[says for _, says in SERVICE_ERRORS])
def test_every_mistake_is_named_with_file_and_service(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as caught:
        _read(**changes)
    message = caught.value.message
    assert message.replace("services.trino-worker.", "") == f"{FILE}: {says}"
    assert "`services.trino-worker" in message
    assert "\n" not in message + caught.value.hint
    assert caught.value.hint


def test_every_mistake_of_a_file_is_counted() -> None:
    with pytest.raises(UserError, match=r"`services.trino-worker.x-datameesh.layer` is missing \(and 2 more\)$"):
        _read(x_layer=None, x_ram={"min": 1}, ports=["8080:8080"])


def test_a_connection_counts_once() -> None:
    assert _read(x_consumes=["sales-db:5432", "sales-db:5432"]).consumes == (Edge("sales-db", 5432),)


@pytest.mark.parametrize("entry", ["sales-db", "sales-db:x", "sales-db:70000", "Sales:1", {"a": 1}])
def test_a_connection_that_is_none_is_refused(entry: Any) -> None:
    with pytest.raises(UserError, match=r"x-datameesh.consumes\[0\]`: .* is no connection"):
        _read(x_consumes=[entry])


@pytest.mark.parametrize("data", [None, [], "text", {}, {"services": None}, {"services": ["a"]}])
def test_a_file_without_services_is_refused(data: Any) -> None:
    with pytest.raises(UserError, match=r"(`services`|the content) (is missing|is empty|must be a mapping)") as caught:
        services_from(data, "trino", FILE)
    assert caught.value.message.startswith(FILE)


def test_a_profile_file_is_read() -> None:
    data = {"name": "catalog", "requires": ["analytics"], "description": "DataHub"}
    assert read(Profile, data, "profiles/catalog.yaml") == Profile("catalog", ("analytics",), "DataHub")
    assert read(Profile, {"name": "core"}, "profiles/core.yaml") == Profile("core", (), "")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "the content is empty, it must be a mapping"),
        (["core"], "the content must be a mapping, it is ['core']"),
        ({"requires": []}, "`name` is missing"),
        ({"name": 1}, "`name` must be a text, it is 1"),
        ({"name": "a", "requires": "core"}, "`requires` must be a list, it is 'core'"),
        ({"name": "a", "requires": [1]}, "`requires[0]` must be a text, it is 1"),
        ({"name": "a", "require": ["core"]}, "there is no key 'require'"),
    ],
)
def test_a_broken_profile_file_is_refused(data: Any, says: str) -> None:
    with pytest.raises(UserError) as caught:
        read(Profile, data, "profiles/a.yaml")
    assert caught.value.message.startswith("profiles/a.yaml: ")
    assert says in caught.value.message
