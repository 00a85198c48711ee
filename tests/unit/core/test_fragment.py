"""Fragments and profile files: what is read, and one clear line with file and key for every mistake."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from datameesh_cli.core.fragment import profile_from, services_from
from datameesh_cli.core.model import Heap, LeaveOut, Port, Profile, Ram, Setting, Url
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
    with pytest.raises(UserError, match="`profile:` is missing"):
        _read(profiles=["job"], x_kind="job")


SERVICE_ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"x-datameesh": None}, "`x-datameesh:` is missing"),
    ({"x-datameesh": "text"}, "`x-datameesh:` is missing"),
    ({"x_colour": "red"}, "x-datameesh has no key 'colour'"),
    ({"x_kind": "daemon"}, "kind 'daemon' is neither service nor job"),
    ({"x_layer": None}, "`layer:` is missing"),
    ({"x_layer": "basement"}, "layer 'basement' is unknown"),
    ({"x_namespace": None}, "`namespace:` is missing"),
    ({"x_owner": ""}, "`owner:` is missing"),
    ({"x_files": {"config": "etc"}}, "files.config is 'etc', no path inside"),
    ({"image": None}, "`image:` is missing"),
    ({"image": 476}, "`image:` is missing"),
    ({"profiles": None}, "`profiles:` must name exactly one profile"),
    ({"profiles": []}, "`profiles:` must name exactly one profile"),
    ({"profiles": ["core", "analytics"]}, "`profiles:` must name exactly one profile"),
    ({"profiles": "core"}, "`profiles:` must be a list, it is 'core'"),
    ({"profiles": [1]}, "`profiles:` holds 1, which is not a name"),
    ({"x_ram": None}, "`ram: {min, want}` is missing"),
    ({"x_ram": 640}, "`ram: {min, want}` is missing"),
    ({"x_ram": {"min": 640}}, "`ram: {min, want}` is missing"),
    ({"x_ram": {"min": "640m", "want": 2048}}, "`ram.min` must be a number, it is '640m'"),
    ({"x_ram": {"min": 640, "want": True}}, "`ram.want` must be a number, it is True"),
    ({"x_ram": {"min": -1, "want": 2048}}, "`ram.min` must be a number, it is -1"),
    ({"x_ram": {"min": 640, "want": float("inf")}}, "`ram.want` must be a number, it is inf"),
    ({"x_ram": {"min": float("nan"), "want": 640}}, "`ram.min` must be a number, it is nan"),
    ({"x_ram": {"min": 0, "want": 640}}, "ram.min 0 must be above 0 and not above ram.want 640"),
    ({"x_ram": {"min": 641, "want": 640}}, "ram.min 641 must be above 0 and not above ram.want 640"),
    ({"x_heap": 384}, "`heap:` must be a mapping, it is 384"),
    ({"x_heap": {"share": 0.7}}, "`heap:` needs outside and share"),
    ({"x_heap": {"outside": "x", "share": 0.7}}, "`heap.outside` must be a number, it is 'x'"),
    ({"x_heap": {"outside": 384, "share": 70}}, "`heap.share` must be a part from 0 to 1, it is 70"),
    ({"x_heap": {"outside": 640, "share": 0.7}}, "heap.outside 640 and heap.share 0.7 leave no heap"),
    ({"x_heap": {"outside": 0, "share": 0.7}}, "heap.outside 0 and heap.share 0.7 leave no heap or nothing beside it"),
    ({"x_heap": {"outside": 384, "share": 0}}, "heap.outside 384 and heap.share 0 leave no heap"),
    ({"x_settings": ["QUERY_MAX"]}, "`settings:` must be a mapping, it is ['QUERY_MAX']"),
    ({"x_settings": {"Q": 5}}, "settings.Q needs `of: limit` or `of: heap`"),
    ({"x_settings": {"Q": {"of": "budget", "share": 1}}}, "settings.Q needs `of: limit` or `of: heap`"),
    ({"x_settings": {"Q": {"of": "limit"}}}, "`settings.Q.share` must be a number, it is None"),
    ({"x_settings": {"Q": {"of": "limit", "share": 40}}}, "`settings.Q.share` must be a part from 0 to 1, it is 40"),
    (
        {"x_settings": {"Q": {"of": "limit", "share": 0.1, "max": "1g"}}},
        "`settings.Q.max` must be a number, it is '1g'",
    ),
    ({"x_heap": None}, "settings.QUERY_MAX is a part of a heap that is not there"),
    ({"x_leave_out": 3072}, "`leave-out:` must be a mapping, it is 3072"),
    ({"x_leave_out": {"says": "x"}}, "`leave-out:` needs below and says"),
    ({"x_leave_out": {"below": "3g", "says": "x"}}, "`leave-out.below` must be a number, it is '3g'"),
    ({"x_leave_out": {"below": 3072}}, "`says:` is missing"),
    ({"x_leave_out": {"below": 3072, "says": "x", "set": "A=1"}}, "`set:` must be a mapping, it is 'A=1'"),
    ({"ports": "8080"}, "`ports:` must be a list, it is '8080'"),
    ({"ports": ["8080:8080"]}, "the published port '8080:8080' cannot be moved"),
    ({"ports": [{"target": 8080, "published": 8080}]}, "cannot be moved"),
    ({"x_urls": {"title": "Trino"}}, "`urls:` must be a list"),
    ({"x_urls": ["Trino"]}, "`urls:` holds 'Trino'"),
    ({"x_urls": [{"port": "TRINO_PORT"}]}, "`title:` is missing"),
    ({"x_urls": [{"title": "Trino"}]}, "`port:` is missing"),
    ({"x_urls": [{"title": "Trino", "port": "P", "can": "run SQL"}]}, "`can:` must be a list, it is 'run SQL'"),
    ({"depends_on": "minio"}, "`depends_on:` must be a list, it is 'minio'"),
    ({"depends_on": [None]}, "`depends_on:` holds None, which is not a name"),
    ({"secrets": "a"}, "`secrets:` must be a list, it is 'a'"),
    ({"secrets": [{"target": "x"}]}, "`secrets:` holds {'target': 'x'}, which names no secret"),
    ({"deploy": "2"}, "`deploy:` must be a mapping, it is '2'"),
    ({"deploy": {"replicas": "${X}"}}, "deploy.replicas is '${X}', not a number"),
    ({"deploy": {"replicas": "two"}}, "deploy.replicas is 'two', not a number"),
]


@pytest.mark.parametrize(("changes", "says"), SERVICE_ERRORS, ids=[says for _, says in SERVICE_ERRORS])
def test_every_mistake_is_named_with_file_and_service(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as caught:
        _read(**changes)
    message = caught.value.message
    assert message.startswith(f"{FILE}, service 'trino-worker': ")
    assert says in message
    assert "\n" not in message + caught.value.hint
    assert caught.value.hint


@pytest.mark.parametrize("data", [None, [], "text", {}, {"services": None}, {"services": ["a"]}])
def test_a_file_without_services_is_refused(data: Any) -> None:
    with pytest.raises(UserError, match="there is no `services:` mapping") as caught:
        services_from(data, "trino", FILE)
    assert caught.value.message.startswith(FILE)


def test_a_profile_file_is_read() -> None:
    data = {"name": "catalog", "requires": ["analytics"], "description": "DataHub"}
    assert profile_from(data, "profiles/catalog.yaml") == Profile("catalog", ("analytics",), "DataHub")
    assert profile_from({"name": "core"}, "profiles/core.yaml") == Profile("core", (), "")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "`name:` is missing"),
        (["core"], "`name:` is missing"),
        ({"requires": []}, "`name:` is missing"),
        ({"name": 1}, "`name:` is missing"),
        ({"name": "a", "requires": "core"}, "`requires:` must be a list, it is 'core'"),
        ({"name": "a", "requires": [1]}, "`requires:` holds 1, which is not a name"),
    ],
)
def test_a_broken_profile_file_is_refused(data: Any, says: str) -> None:
    with pytest.raises(UserError) as caught:
        profile_from(data, "profiles/a.yaml")
    assert caught.value.message.startswith("profiles/a.yaml: ")
    assert says in caught.value.message
