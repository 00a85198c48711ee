"""A server that is no domain's: the databases that services bring, also on a volume that is there already, and its superuser."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.stack import docker, until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]
IMAGE = os.environ.get("POSTGRES_IMAGE", "datameesh/postgres:17")
MIGRATIONS = "/docker-entrypoint-migrations.d"


@pytest.fixture
def name(built: None) -> Iterator[str]:
    """A name for a container and its volume, both gone again afterwards."""
    made = f"it-databases-{uuid.uuid4().hex[:8]}"
    yield made
    subprocess.run(["docker", "rm", "-f", made], capture_output=True)
    subprocess.run(["docker", "volume", "rm", made], capture_output=True)


def _start(name: str, tmp_path: Path, *mounts: str) -> None:
    password = tmp_path / "password"
    password.write_text("of-a-test")
    docker("rm", "-f", name)
    told = [
        "POSTGRES_USER=hive",
        "PGUSER=hive",
        "POSTGRES_DB=metastore",
        "POSTGRES_PASSWORD_FILE=/run/secrets/password",
    ]
    docker(
        "run", "-d", "--name", name, "--network", "none", "--read-only", "--tmpfs", "/tmp", "--memory", "80m",
        *(f"-e={variable}" for variable in told), f"-v={name}:/var/lib/postgresql/data",
        f"-v={password}:/run/secrets/password:ro", *(f"-v={mount}:ro" for mount in mounts), IMAGE,
    )  # fmt: skip
    until(lambda: _sql(name, "metastore", "SELECT 1") == "1", 90, "it answers")


def _sql(name: str, database: str, statement: str) -> str:
    ask = ["docker", "exec", name, "psql", "-qAtX", "-d", database, "-c", statement]
    return subprocess.run(ask, capture_output=True, text=True).stdout.strip()


def test_a_volume_of_before_gets_the_database_of_another_service_once(name: str, tmp_path: Path) -> None:
    _start(name, tmp_path)
    assert _sql(name, "metastore", "CREATE TABLE kept AS SELECT 42 AS x; SELECT count(*) FROM kept") == "1"
    assert _sql(name, "second", "SELECT 1") == ""
    first = tmp_path / "second-001-first.sql"
    first.write_text("CREATE TABLE there (x integer);\n")
    for _ in range(2):
        docker("stop", "-t", "30", name)
        _start(name, tmp_path, f"{first}:{MIGRATIONS}/second/{first.name}")
        assert _sql(name, "second", "SELECT count(*) FROM there") == "0"
        assert _sql(name, "second", "SELECT string_agg(file, ' ') FROM migrations.applied") == first.name
    assert _sql(name, "metastore", "SELECT x FROM kept") == "42"


def test_the_superuser_comes_through_the_socket_only_whatever_it_is_called(name: str, tmp_path: Path) -> None:
    _start(name, tmp_path)
    assert _sql(name, "metastore", "SELECT current_user") == "hive"
    made = "SET scram_iterations = 4096; CREATE ROLE somebody LOGIN PASSWORD 'of-a-test'"
    assert _sql(name, "metastore", made) == ""
    for role, wanted in (("hive", "pg_hba.conf rejects connection for host"), ("somebody", "somebody\n")):
        ask = ["docker", "exec", "-e", "PGPASSWORD=of-a-test", name, "psql", "-h", "127.0.0.1", "-U", role]
        done = subprocess.run(
            [*ask, "-d", "metastore", "-qAtXc", "SELECT current_user"], capture_output=True, text=True
        )
        assert wanted in (done.stdout or done.stderr)
        assert (done.returncode == 0) == (role == "somebody")
