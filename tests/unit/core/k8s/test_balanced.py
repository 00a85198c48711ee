"""Containers alike behind one that shares out are one Deployment on a cluster, with the name and the port of that one."""

from __future__ import annotations

from typing import Any

from datameesh_cli.core.declaration import Edge, Url
from datameesh_cli.core.k8s.balanced import folded, whom_to_ask
from datameesh_cli.core.model import Port
from tests.fakes.values import a_service

PORT = Port("WEB_PORT", 30081, 5000)
WAY_IN = a_service(
    "web",
    ports=(PORT,),
    listens=(5000,),
    balances=("web-1", "web-2"),
    urls=(Url("Web", "WEB_PORT"),),
    provides=("page",),
)
ONE, TWO = (a_service(f"web-{n}", listens=(5000, 9100), consumes=(Edge("db", 5432),), secrets=("key",)) for n in (1, 2))
OTHER = a_service("db", listens=(5432,))


def _body(name: str, **more: Any) -> dict[str, Any]:
    return {
        "image": name,
        "deploy": {"replicas": 1, "resources": {}},
        "networks": {"mesh": {"aliases": [f"{name}.x"]}},
        **more,
    }


BODIES = {
    "web": _body("balancer", ports=[30081], labels={"a": "b"}, expose=["5000"]),
    "web-1": _body("app", environment={"A": "1"}, expose=["5000", "9100"], secrets=["key"]),
    "web-2": _body("app", environment={"A": "1"}),
    "db": _body("db"),
}


def test_what_stays_is_the_pods_under_the_name_that_others_ask() -> None:
    services, bodies = folded([OTHER, WAY_IN, ONE, TWO], BODIES)
    assert [s.name for s in services] == ["db", "web"]
    web = services[1]
    assert (web.ports, web.listens, web.urls, web.provides) == ((PORT,), (5000, 9100), WAY_IN.urls, ("page",))
    assert (web.consumes, web.secrets, web.replicas) == ((Edge("db", 5432),), ("key",), 2)
    assert bodies["db"] is BODIES["db"]
    assert bodies["web"] == {
        "image": "app",
        "environment": {"A": "1"},
        "secrets": ["key"],
        "deploy": {"replicas": 2, "resources": {}},
        "networks": {"mesh": {"aliases": ["balancer.x"]}},
        "ports": [30081],
        "labels": {"a": "b"},
        "expose": ["5000"],
    }


def test_one_of_two_that_is_left_out_is_one_pod_less() -> None:
    services, bodies = folded([WAY_IN, ONE], BODIES)
    assert [s.name for s in services] == ["web"]
    assert bodies["web"]["deploy"]["replicas"] == 1


def test_without_any_of_them_it_stays_as_it_is() -> None:
    assert folded([WAY_IN, OTHER], BODIES) == ([WAY_IN, OTHER], {name: BODIES[name] for name in ("web", "db")})


def test_what_both_targets_have_of_it_the_first_that_runs_of_those_alike_tells() -> None:
    (_, web), _ = folded([OTHER, WAY_IN, ONE, TWO], BODIES)
    for service in (WAY_IN, web):
        assert whom_to_ask(service, {"web", "web-1", "web-2"}) == "web-1"
        assert whom_to_ask(service, {"web", "web-2"}) == "web-2"
        assert whom_to_ask(service, {"web"}) == "web", "on a cluster"
    assert whom_to_ask(OTHER, {"db", "web-1"}) == "db"
