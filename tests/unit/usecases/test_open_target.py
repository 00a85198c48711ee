"""The stack that checks, data and SQL reach, here and on a cluster, by the real repository's own services."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.core.kind import Trust
from datameesh_cli.errors import UnhealthyError
from datameesh_cli.usecases.open_lake import lake_of
from datameesh_cli.usecases.open_target import ChosenCluster, open_compose, open_place, secret_of, trino_of
from datameesh_cli.usecases.plan_memory import plan_memory
from tests.contract.repo import ROOT
from tests.fakes.adapters import FakeEngine, fake_adapters
from tests.fakes.cluster import a_pod, a_service, a_workload
from tests.fakes.kubectl import Kubectl


@pytest.fixture
def adapters(tmp_path: Path) -> Adapters:
    for name in ("services", "profiles", "seed", "compose"):
        (tmp_path / name).symlink_to(ROOT / name)
    return fake_adapters(tmp_path, FakeEngine())[0]


def _start(adapters: Adapters, *profiles: str, **more: object) -> None:
    adapters.state.write("plan.json", json.dumps({"profiles": profiles, "budget": 4096, **more}))
    adapters.state.ensure_secrets(["minio-access-key", "minio-secret-key", "sales-db-admin-password"])


def test_a_stack_that_was_not_started_is_not_opened(adapters: Adapters) -> None:
    with pytest.raises(UnhealthyError, match="stack 'datameesh' is not running") as refused:
        open_compose(adapters)
    assert refused.value.hint == "start it: ./dm up"


def test_everything_is_reached_where_its_ports_are_published(adapters: Adapters) -> None:
    _start(adapters, "core", "analytics", ports={"TRINO_PORT": "4000"}, bind="127.0.0.2")
    opened = open_place(adapters, None)
    assert opened.target.kind == "compose"
    assert opened.context == ""
    assert (opened.target.trino.host, opened.target.trino.port) == ("127.0.0.2", 4000)
    assert opened.target.store == lake_of(adapters)
    assert secret_of(adapters, opened, "sales-db-admin-password") == adapters.state.secret("sales-db-admin-password")


def test_the_core_alone_has_neither_lake_nor_sql_engine(adapters: Adapters) -> None:
    _start(adapters, "core")
    assert open_compose(adapters).target.store is None
    with pytest.raises(UnhealthyError, match="trino-coordinator does not run") as refused:
        trino_of(adapters, plan_memory(adapters, (), None))
    assert refused.value.hint == "start it: ./dm up --profile analytics"


def test_on_a_cluster_the_ports_are_nodeports_and_the_passwords_those_of_the_export(
    adapters: Adapters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _start(adapters, "core")
    adapters.state.of_export("here").keep_secrets(
        {"minio-access-key": "AK", "minio-secret-key": "SK", "mesh-ca": "PEM"}
    )
    there = [a_pod("minio"), a_workload("minio"), a_service("minio", [(9000, 30900)])]
    Kubectl(tmp_path, monkeypatch, there)
    opened = open_place(adapters, ChosenCluster("here"))
    assert (opened.target.kind, opened.context) == ("kubernetes", "here")
    store = opened.target.store
    assert store is not None
    assert (store.endpoint, store.access_key, store.secret_key) == ("10.111.0.2:30900", "AK", "SK")
    assert store.trust == Trust(str(adapters.state.of_export("here").secrets / "mesh-ca"), "minio")
    assert secret_of(adapters, opened, "minio-secret-key") == "SK"
