"""The cluster's own tests run where `tests/cluster/cluster stage` started one."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from tests.cluster.kube import Kube, cluster_status, until
from tests.cluster.mesh import Mesh, applied


@pytest.fixture(scope="session")
def cluster() -> Kube:
    if "DATAMEESH_CLUSTER" not in os.environ:
        pytest.skip("needs a running cluster: tests/cluster/cluster stage")
    return Kube(cluster_status())


@pytest.fixture(scope="session")
def mesh(cluster: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """The export on it, for all who ask: half a minute to apply."""
    with applied(cluster, tmp_path_factory.mktemp("export") / "out") as mesh:
        yield mesh


@pytest.fixture
def kube(cluster: Kube) -> Iterator[Kube]:
    """In a namespace of the test's own."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    cluster.run("create", "namespace", name)
    own = Kube(cluster.status, name)
    # Without the account, which a controller puts in, there is no pod.
    assert until(lambda: own.run("get", "serviceaccount", "default", "--ignore-not-found").stdout, 30)
    yield own
    cluster.run("delete", "namespace", name, "--wait=false")
