"""Addresses outside the cluster: those that the target declares can be reached by an edge, no other can be spoken of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from datameesh_cli.core.k8s.objects import Objects
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.core.k8s.reach import unreachable
from datameesh_cli.core.k8s.source import File
from datameesh_cli.core.k8s.target import External, Ingress, Target
from tests.unit.core.k8s.example import DB, FILES, NIGHTLY, WEB, draft, example

S3 = Target(name="x", external={"db": External("s3.example.org", 443)})
CLIENT = replace(
    WEB, kubernetes=replace(WEB.kubernetes, roles=())
)  # with roles it may talk to the API server, on 443 too
NOT_DECLARED = "nothing is taken from there; if it is meant, declare it in the target's file, external:"


def _export(target: Target = S3, site: str = "", **environment: str) -> Objects:
    """The example whose web service takes `db` from outside, with a line in its config and other variables."""
    files: Any = {**FILES, "site": (File("", site.encode()),)}
    bodies = {"web": {"environment": environment}}
    source = example(CLIENT, NIGHTLY, target=target, outside=(DB,), files=files, bodies=bodies)
    return passes(draft(source), source)


def test_the_host_of_a_way_in_by_name_is_for_browsers_and_any_other_is_not() -> None:
    ways = Target(name="x", ingress=Ingress("mesh.example.org"))
    assert unreachable(_export(ways, PAGE="https://web-page.mesh.example.org/back")) == []
    (problem,) = unreachable(_export(ways, PAGE="https://page.mesh.example.org/back"))
    assert f"speaks of page.mesh.example.org:443: {NOT_DECLARED}" in problem


@pytest.mark.parametrize(
    "site",
    [
        "endpoint=https://s3.example.org",
        "endpoint=https://s3.example.org:443/",
        "<value>https://s3.example.org</value>",
        "url=jdbc:postgresql://s3.example.org:443/db",
        "warehouse=s3a://a.bucket/warehouse",
        "# see https://docs.example.org/",
    ],
)
def test_a_declared_host_is_reached_on_its_port(site: str) -> None:
    assert unreachable(_export(site=site)) == []


@pytest.mark.parametrize(
    ("site", "says"),
    [
        ("endpoint=https://s3.example.com", f"speaks of s3.example.com:443: {NOT_DECLARED} {{SERVICE: {{host: s3.exam"),
        ("endpoint=http://other.s3.example.org/x", f"speaks of other.s3.example.org:80: {NOT_DECLARED}"),
        ("brokers=kafka://one.example.com:9092", f"speaks of one.example.com:9092: {NOT_DECLARED}"),
        ("endpoint=http://s3.example.org", "speaks of s3.example.org:80: no policy lets it out to port 80"),
        (
            "endpoint=https://s3.example.org:9000",
            "speaks of s3.example.org:9000: no policy lets it out to port 9000",
        ),
        ("url=http://db:5432", "db:5432: its alias leads to s3.example.org, and no policy lets it out to port 5432"),
    ],
)
def test_another_host_or_port_is_rejected(site: str, says: str) -> None:
    (problem,) = unreachable(_export(site=site))
    assert problem.startswith("Deployment data-platform/web: config site speaks of ")
    assert says in problem


def test_a_host_in_the_environment_counts_with_the_port_beside_it() -> None:
    assert unreachable(_export(DB_HOST="s3.example.org", DB_PORT="443")) == []
    (problem,) = unreachable(_export(DB_HOST="db.example.com", DB_PORT="443"))
    assert f"environment DB_HOST speaks of db.example.com:443: {NOT_DECLARED}" in problem


def test_the_name_of_ours_leads_there_on_the_port_of_ours_if_no_other_is_declared() -> None:
    ours = Target(name="x", external={"db": External("db.example.org")})
    assert unreachable(_export(ours, "url=http://db:5432")) == []


def test_without_its_edge_a_declared_host_is_not_reached() -> None:
    objects = _export(site="endpoint=https://s3.example.org")
    without = tuple(o for o in objects if o["metadata"]["name"] != "web-to-db-443-out")
    (problem,) = unreachable(without)
    assert problem.endswith("config site speaks of s3.example.org:443: no policy lets it out to port 443")
