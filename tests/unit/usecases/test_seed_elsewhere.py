"""`dm seed` on a cluster whose databases or lake are others': it says so, and touches nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.core.seed.plan import plan
from datameesh_cli.errors import UnhealthyError
from datameesh_cli.usecases.load_domain import Load
from datameesh_cli.usecases.open_target import ChosenCluster, open_kubernetes
from datameesh_cli.usecases.read_datasets import read_datasets
from datameesh_cli.usecases.seed_data import SeedRequest, seed_data
from datameesh_cli.usecases.seed_lake import seed_lake
from tests.contract.repo import ROOT
from tests.fakes.adapters import FakeEngine, fake_adapters
from tests.fakes.cluster import a_pod, a_workload, an_alias
from tests.fakes.kubectl import Kubectl

S3 = an_alias("minio", "s3.example.org")
TRINO = [a_pod("trino-coordinator"), a_workload("trino-coordinator"), a_pod("hive-metastore"), S3]


@pytest.fixture
def adapters(tmp_path: Path) -> Adapters:
    """The repository's data sets and services, and a state folder of the test."""
    for name in ("services", "profiles", "seed", "compose"):
        (tmp_path / name).symlink_to(ROOT / name)
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    return adapters


def test_databases_that_are_taken_from_outside_are_not_loaded(
    adapters: Adapters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aliases = [an_alias(f"{name}-db", f"{name}.example.org", f"{name}-domain") for name in ("sales", "marketing")]
    kubectl = Kubectl(tmp_path, monkeypatch, [*TRINO, *aliases])
    with pytest.raises(
        UnhealthyError, match=r"marketing-db does not run here: it is taken from marketing\.example\.org"
    ) as caught:
        seed_data(adapters, SeedRequest(), lambda _: None, lambda _: None, ChosenCluster("here"))
    assert caught.value.hint == "dm seed loads databases of the stack; fill others by hand"
    assert not [args for args, _ in kubectl.asked if "exec" in args]


def test_a_lake_that_is_taken_from_outside_is_left_as_it_is(
    adapters: Adapters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Kubectl(tmp_path, monkeypatch, TRINO)
    declared = read_datasets(adapters.repository)
    load = Load("small", 1, "x", plan(declared.people, "small", 1))
    said: list[str] = []
    assert seed_lake(adapters, open_kubernetes(adapters, "here"), declared, {}, load, said.append) is None
    assert "lake: minio does not run here: it is taken from s3.example.org" in said
