"""What the command line adds to a target. What an export is made of is shown by the contract tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.k8s.target import Ingress
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.read_source import TargetRequest, read_source, read_target
from tests.contract.repo import ROOT
from tests.fakes.adapters import FakeEngine, fake_adapters

WORLD = adapters_for(root=ROOT)


def test_an_unknown_target_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="there is no target 'nowhere'") as refused:
        read_target(WORLD, TargetRequest("nowhere"))
    assert "kind" in refused.value.hint


def test_what_is_asked_comes_before_what_the_file_says() -> None:
    plain = read_target(WORLD, TargetRequest())
    asked = read_target(
        WORLD, TargetRequest(storage_class="fast", registry="r.example.org", ingress_host="mesh.example.org")
    )
    assert (asked.storage_class, asked.registry) == ("fast", "r.example.org")
    assert asked.ingress is not None
    assert asked.ingress.host == "mesh.example.org"
    assert asked.pull_secret == plain.pull_secret


def test_another_host_keeps_the_class_and_the_issuer_of_the_target(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    folder = tmp_path / "k8s-export" / "targets"
    folder.mkdir(parents=True)
    (folder / "kind.yaml").write_text("ingress: {host: mesh.mycompany.com, class: nginx, issuer: letsencrypt}\n")
    assert read_target(adapters, TargetRequest(ingress_host="x.mycompany.com")).ingress == Ingress(
        "x.mycompany.com", "nginx", "letsencrypt"
    )
    assert read_target(adapters, TargetRequest()).ingress == Ingress("mesh.mycompany.com", "nginx", "letsencrypt")


def test_workers_are_those_of_the_query_layer() -> None:
    scale = read_target(WORLD, TargetRequest(workers=3)).scale
    assert (scale["trino-worker"].min, scale["trino-worker"].max) == (3, 6)
    with pytest.raises(UserError, match="--workers 0 is not a number of workers"):
        read_target(WORLD, TargetRequest(workers=0))


def test_a_service_taken_from_outside_must_be_there(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    folder = tmp_path / "k8s-export" / "targets"
    folder.mkdir(parents=True)
    (folder / "kind.yaml").write_text("external: {nobody: {host: s3.example.org}}\n")
    with pytest.raises(UserError, match="there is no service 'nobody' to take from outside"):
        read_source(adapters, (), 4096, TargetRequest())
