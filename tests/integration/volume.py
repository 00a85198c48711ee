"""A domain database's volume, and containers of the image on it, one at a time: what no stack is needed for."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.integration.stack import ROOT, docker

IMAGE = os.environ.get("POSTGRES_IMAGE", "datameesh/postgres:17")
OWN = ROOT / "services" / "sales-db" / "config" / "migrations"
MIGRATIONS = "/docker-entrypoint-migrations.d"
OURS = {file: f"{MIGRATIONS}/{file.relative_to(OWN)}" for file in OWN.rglob("*.sql")}
FRESH = {OWN.parent / "init.sql": "/docker-entrypoint-initdb.d/init.sql"} | OURS
"""What the container of sales-db is handed."""


@dataclass
class Volume:
    """A volume, its secrets, and a container on it at a time. It runs as the service does: read-only but for /tmp."""

    secrets: Path
    name: str = field(default_factory=lambda: f"it-migrations-{uuid.uuid4().hex[:8]}")

    def start(self, files: dict[Path, str], domain: str = "sales-db") -> str:
        """Start a container with these files and return its log, once it answers or has ended."""
        docker("rm", "-f", self.name)
        mounts = [f"-v={file}:{place}:ro" for file, place in files.items()]
        told = ["POSTGRES_USER=admin", "POSTGRES_DB=sales_db", "PGDATABASE=sales_db", f"POSTGRES_DOMAIN={domain}"]
        told.append("POSTGRES_PASSWORD_FILE=/run/secrets/sales-db-admin-password")
        docker(
            "run", "-d", "--name", self.name, "--network", "none", "--read-only", "--tmpfs", "/tmp", "--memory", "80m",
            *(f"-e={variable}" for variable in told), f"-v={self.name}:/var/lib/postgresql/data",
            f"-v={self.secrets}:/run/secrets:ro", *mounts, IMAGE,
        )  # fmt: skip
        deadline = time.monotonic() + 90
        while self.running and not self.answers:
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.3)
        return self.log()

    @property
    def running(self) -> bool:
        return docker("inspect", "--format", "{{.State.Running}}", self.name).strip() == "true"

    @property
    def answers(self) -> bool:
        return (
            subprocess.run(["docker", "exec", self.name, "psql", "-qAtc", "SELECT 1"], capture_output=True).returncode
            == 0
        )

    @property
    def exit_code(self) -> int:
        return int(docker("inspect", "--format", "{{.State.ExitCode}}", self.name))

    def log(self) -> str:
        done = subprocess.run(["docker", "logs", self.name], capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    def sql(self, statement: str, user: str = "admin") -> str:
        return docker("exec", self.name, "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-U", user, "-c", statement).strip()

    def refused(self, statement: str, user: str) -> str:
        command = ["docker", "exec", self.name, "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-U", user, "-c", statement]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode, f"{user} may {statement}"
        return done.stderr

    def stop(self) -> None:
        docker("stop", "-t", "30", self.name)


@contextmanager
def a_volume(secrets: Path) -> Iterator[Volume]:
    """A volume that is not there yet, with secrets in this folder; it goes afterwards."""
    secrets.mkdir()
    for role in ("admin", "owner", "trino-rw", "ingest", "api", "grafana-ro"):
        (secrets / f"sales-db-{role}-password").write_text(f"{role}-password-of-a-test")
    made = Volume(secrets)
    try:
        yield made
    finally:
        subprocess.run(["docker", "rm", "-f", made.name], capture_output=True)
        subprocess.run(["docker", "volume", "rm", made.name], capture_output=True)
