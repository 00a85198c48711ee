"""The kernel kills one container after the other: the stack comes back by itself, with its data, and memory was never short."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from datameesh_cli.adapters.repository import Repository
from datameesh_cli.usecases.open_lake import lake_of
from tests.integration.stack import ROOT, Stack, docker, kill_from_outside, until

_ALL = [s for s in Repository(ROOT).model().of_profiles(["analytics"]) if s.kind == "service"]
SERVICES = [s.name for s in _ALL if not s.leave_out]
"""Those of the smallest budget; what it leaves out is killed by the tests of its folder (services/trino/tests)."""
ANSWERS = {
    "SELECT count(*) FROM sales.public.customers": "1379",
    "SELECT count(*) FROM marketing.public.leads": "4580",
    "SELECT count(*) FROM lake.default.survivor": "3",
}
"""One answer of each place that keeps data: both domains' databases, and the lake with its metastore."""


@pytest.fixture(scope="module")
def loaded(shared: Stack) -> Stack:
    """The shared stack with figures to recognise in every place that keeps data."""
    shared.dm("up", "--profile", "analytics", "--ram", "1536m")
    shared.dm("seed", "--set", "journey")
    shared.dm("sql", "CREATE TABLE IF NOT EXISTS lake.default.survivor AS SELECT * FROM (VALUES 1, 2, 3) AS t(id)")
    return shared


def _ask(stack: Stack) -> dict[str, str]:
    return {sql: stack.scalar(sql) for sql in ANSWERS}


def test_there_is_something_to_lose(loaded: Stack) -> None:
    assert _ask(loaded) == ANSWERS


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_container_comes_back_with_its_data(loaded: Stack, service: str) -> None:
    _kill(loaded, service)


def _kill(loaded: Stack, service: str) -> None:
    """Kill each container of a service once: the engine starts it again by itself, and all that was there still answers."""
    loaded.until_healthy()
    before = {c.name: c for c in loaded.containers().values() if c.service == service}
    assert before
    for name in before:
        kill_from_outside(name)
    deadline = time.monotonic() + 30
    while any(loaded.containers()[name].restarts == c.restarts for name, c in before.items()):
        assert time.monotonic() < deadline, f"{service} was not restarted"
        time.sleep(0.2)
    loaded.until_healthy()
    assert _ask(loaded) == ANSWERS
    after = loaded.containers()
    assert {name: after[name].restarts - c.restarts for name, c in before.items()} == dict.fromkeys(before, 1)
    assert [c.name for c in after.values() if c.oom_killed] == []


def test_all_killed_at_once_come_back(loaded: Stack) -> None:
    names = list(loaded.containers())
    for name in names:
        kill_from_outside(name)
    loaded.until_healthy(240)
    assert _ask(loaded) == ANSWERS
    assert not [c for c in loaded.containers().values() if c.oom_killed]


@pytest.mark.row("S-PATH-08")
def test_a_metastore_without_its_database_says_so_and_heals(loaded: Stack) -> None:
    database = next(c.name for c in loaded.containers().values() if c.service == "hive-metastore-db")
    metastore = next(c.name for c in loaded.containers().values() if c.service == "hive-metastore")
    docker("stop", "-t", "20", database)
    try:
        until(lambda: loaded.containers()[metastore].health == "unhealthy", 60, "the metastore says so")
    finally:
        docker("start", database)
    until(lambda: loaded.containers()[metastore].health == "healthy", 60, "the metastore is well again")
    assert _ask(loaded) == ANSWERS


@pytest.mark.row("S-PATH-14")
def test_the_metastore_makes_a_schema_only_while_it_reaches_the_object_store(loaded: Stack) -> None:
    store = next(c.name for c in loaded.containers().values() if c.service == "minio")
    create = "CREATE SCHEMA hive.reachable WITH (location = 's3://datalake/warehouse/reachable.db')"
    docker("stop", "-t", "20", store)
    try:
        refused = loaded.start("sql", create)
        out, _ = refused.communicate(timeout=600)
        assert refused.returncode != 0, out
    finally:
        docker("start", store)
    loaded.until_healthy()
    loaded.dm("sql", create)
    loaded.dm("sql", "DROP SCHEMA hive.reachable")


def test_up_after_all_that_recreates_nothing(loaded: Stack) -> None:
    before = loaded.ids()
    loaded.dm("up")
    assert loaded.ids() == before


def test_a_fork_bomb_stays_in_its_container(loaded: Stack) -> None:
    """Tried in a job's container, which nobody needs afterwards; that each service has its limit stands in the fragments."""
    limits = {
        name: int(docker("inspect", name, "--format", "{{json .HostConfig.PidsLimit}}")) for name in loaded.containers()
    }
    assert limits
    assert {name for name, limit in limits.items() if not 0 < limit <= 2048} == set()
    bomb = "n=0; while sleep 60 & do n=$((n + 1)); echo $n; done; echo over"
    said = list(loaded.adapters.compose.run_job("dbt", ["-c", bomb], program=["sh"]))
    assert any("annot fork" in line or "temporarily unavailable" in line for line in said), said[-3:]
    started = max(int(line) for line in said if line.isdigit())
    assert 100 < started < 128
    assert _ask(loaded) == ANSWERS


@pytest.mark.row("S-BUD-17")
def test_a_hundred_puts_at_once_fit_into_the_store_s_limit(loaded: Stack) -> None:
    store = lake_of(loaded.adapters)
    body = os.urandom(2**20)
    keys = [f".puts/{number}" for number in range(100)]
    before = next(c for c in loaded.containers().values() if c.service == "minio")
    assert before.limit > 0
    try:
        with ThreadPoolExecutor(len(keys)) as pool:
            list(pool.map(lambda key: store.put("backups", key, body), keys))
            assert all(pool.map(lambda key: store.get("backups", key) == body, keys))
    finally:
        for key in keys:
            store.remove("backups", key)
    after = loaded.containers()[before.name]
    assert (after.oom_killed, after.restarts) == (False, before.restarts)


@pytest.mark.row("S-PVC-03/C", "S-PVC-04/C", "S-PVC-07/C")
def test_a_restart_by_hand_keeps_the_data_and_the_claims_have_their_sizes(loaded: Stack) -> None:
    """The same volumes on both targets: what they hold outlives a restart here, how large they are stands in the export."""
    campaigns = "SELECT count(*) FROM marketing.public.campaigns"
    tables = "SHOW TABLES FROM hive.default"
    before = [loaded.dm("sql", sql, "--output", "csv").stdout for sql in (*ANSWERS, campaigns, tables)]
    assert before[-2].splitlines()[-1].strip('"') == "8"
    loaded.dm("restart", "sales-db", "marketing-db", "hive-metastore-db", "hive-metastore")
    assert [loaded.dm("sql", sql, "--output", "csv").stdout for sql in (*ANSWERS, campaigns, tables)] == before
    sizes = {"sales-db": "5Gi", "marketing-db": "5Gi", "hive-metastore-db": "2Gi"}
    for service, size in sizes.items():
        found = docker("volume", "inspect", f"{loaded.project}_{service}-data", "--format", "{{json .Labels}}")
        assert json.loads(found)["kompose.volume.size"] == size
        mounts = json.loads(docker("inspect", f"{loaded.project}-{service}-1", "--format", "{{json .Mounts}}"))
        (data,) = (m["Destination"] for m in mounts if m.get("Name") == f"{loaded.project}_{service}-data")
        assert data == "/var/lib/postgresql/data"
