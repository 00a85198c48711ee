"""The stack's own object store, by the real repository's services."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datameesh_cli.adapters.adapters import Adapters, adapters_for
from datameesh_cli.core.kind import Trust
from datameesh_cli.errors import HostError
from datameesh_cli.usecases.open_lake import lake_of
from tests.contract.repo import ROOT


@pytest.fixture
def adapters(tmp_path: Path) -> Adapters:
    adapters = adapters_for(root=ROOT, state_root=tmp_path)
    plan = {"profiles": ["analytics"], "budget": 4096, "ports": {"MINIO_API_PORT": "4001"}, "bind": "127.0.0.2"}
    adapters.state.write("plan.json", json.dumps(plan))
    return adapters


def test_it_is_reached_where_it_is_published_with_the_root_key(adapters: Adapters) -> None:
    adapters.state.ensure_secrets(["minio-access-key", "minio-secret-key"])
    lake = lake_of(adapters)
    assert lake.endpoint == "127.0.0.2:4001"
    assert (lake.access_key, lake.secret_key) == tuple(
        adapters.state.secret(f"minio-{k}-key") for k in ("access", "secret")
    )
    assert lake.trust == Trust(str(adapters.state.secret_file("", "mesh-ca")), "minio")


def test_a_stack_that_was_never_started_has_no_key(adapters: Adapters) -> None:
    with pytest.raises(HostError, match="the secret 'minio-access-key' does not exist yet"):
        lake_of(adapters)
