"""`dm secrets rotate` on a running stack: the new password opens, the old one does not, and no statement fails meanwhile."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Mapping

import pytest

from tests.integration.stack import ROOT, SMALLEST, Stack, docker


@pytest.fixture(scope="module")
def up(shared: Stack) -> Stack:
    shared.dm("up", "--profile", "analytics", "--ram", SMALLEST)
    shared.dm("seed")
    return shared


def _secrets(stack: Stack) -> Mapping[str, str]:
    return {name: stack.adapters.state.secret(name) for name in stack.adapters.state.secret_names()}


def _lets_in(stack: Stack, service: str, login: tuple[str, str], password: str) -> bool:
    """Whether a database lets a role in over its network door."""
    role, database = login
    words = ["psql", "-h", "127.0.0.1", "-U", role, "-d", database, "-qAtc", "SELECT 1"]
    asked = ["docker", "exec", "-e", "PGPASSWORD", f"{stack.project}-{service}-1", *words]
    done = subprocess.run(asked, env={"PATH": "/usr/bin:/bin", "PGPASSWORD": password}, capture_output=True, text=True)
    assert done.returncode == 0 or "password authentication failed" in done.stderr, done.stderr
    return done.returncode == 0


class Asking(threading.Thread):
    """Somebody who asks one statement after the other."""

    def __init__(self, stack: Stack, statement: str) -> None:
        super().__init__()
        self.command = stack.command("sql", statement)
        self.over = threading.Event()
        self.asked = 0
        self.failed: list[str] = []

    def run(self) -> None:
        while not self.over.is_set():
            done = subprocess.run(self.command, cwd=ROOT, capture_output=True, text=True)
            self.asked += 1
            if done.returncode:
                self.failed.append(done.stderr)


@pytest.mark.row("S-SEC-66")
def test_a_domain_s_passwords(up: Stack) -> None:
    old = _secrets(up)
    asking = Asking(up, "SELECT count(*) FROM sales.public.orders")
    asking.start()
    rotated = up.json("secrets", "rotate", "sales-db")
    asking.over.set()
    asking.join()
    new = _secrets(up)
    assert len(rotated["secrets"]) == 6
    assert rotated["restarted"] == ["trino-coordinator"]
    for role in ("trino_rw", "owner", "ingest", "api", "grafana_ro"):
        name = f"sales-db-{role.replace('_', '-')}-password"
        assert _lets_in(up, "sales-db", (role, "sales_db"), new[name])
        assert not _lets_in(up, "sales-db", (role, "sales_db"), old[name])
    assert asking.asked, "one that comes meanwhile waits until the end"
    assert asking.failed == []
    assert {name for name in old if new[name] != old[name]} == set(rotated["secrets"])
    up.until_healthy(30)
    assert up.scalar("SELECT count(*) FROM sales.public.orders") == "20"


@pytest.mark.row("S-SEC-66")
def test_all_secrets_and_the_stack_works(up: Stack) -> None:
    old = _secrets(up)
    rotated = up.json("secrets", "rotate", "--all", timeout=900)
    new = _secrets(up)
    assert all(new[name] != old[name] for name in rotated["secrets"])
    for role, database, name in (
        ("metastore", "metastore", "metastore-db-password"),
        ("audit_writer", "audit", "audit-writer-password"),
        ("audit_reader", "audit", "audit-reader-password"),
        ("sign_in", "sign_in", "sign-in-db-password"),
    ):
        assert _lets_in(up, "hive-metastore-db", (role, database), new[name])
        assert not _lets_in(up, "hive-metastore-db", (role, database), old[name])
    up.until_healthy(60)
    up.dm("seed", "--set", "small")
    up.dm("dbt", "run", timeout=900)
    assert up.verify()


def test_cut_short_everything_runs_and_the_same_command_goes_on(up: Stack) -> None:
    begun = up.start("secrets", "rotate", "trino-lake-password")
    assert begun.stderr
    for line in begun.stderr:
        if line.startswith("starting"):
            break
    begun.send_signal(signal.SIGTERM)
    begun.communicate(timeout=300)
    assert begun.returncode == 143
    up.until_healthy()
    assert up.scalar("SELECT count(*) FROM hive.default.customers_parquet") != "0"
    assert up.json("secrets", "rotate", "trino-lake-password")["restarted"] == ["trino-coordinator"]


def test_while_the_stack_is_down(up: Stack) -> None:
    old = _secrets(up)
    up.dm("down")
    assert up.json("secrets", "rotate", "--all")["running"] is False
    up.dm("up", "--profile", "analytics", "--ram", SMALLEST)
    new = _secrets(up)
    assert _lets_in(up, "sales-db", ("trino_rw", "sales_db"), new["sales-db-trino-rw-password"])
    assert not _lets_in(up, "sales-db", ("trino_rw", "sales_db"), old["sales-db-trino-rw-password"])
    assert not _lets_in(up, "hive-metastore-db", ("metastore", "metastore"), old["metastore-db-password"])
    assert up.scalar("SELECT count(*) FROM sales.public.orders") == "20"
    assert up.scalar("SELECT count(*) FROM hive.default.customers_parquet") != "0"
    log = docker("logs", f"{up.project}-hive-metastore-db-1")
    assert not [name for name, value in {**old, **new}.items() if value in log]
