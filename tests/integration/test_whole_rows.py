"""Rows of the matrix that one check cannot show: what the engine knows of containers, refusals of one part, dm's own word."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.usecases.open_lake import lake_of
from datameesh_cli.usecases.open_target import open_compose
from tests.integration.metastore import MetastoreRefused, create_database, drop_database
from tests.integration.stack import ROOT, Stack, docker

MINUTE = 60


@pytest.fixture(scope="module")
def journey(shared: Stack) -> Stack:
    """The shared stack with the journey and its marts."""
    shared.dm("up", "--profile", "analytics", "--ram", "1536m")
    shared.dm("seed", "--set", "journey")
    shared.dm("dbt", "run")
    return shared


def _inspected(stack: Stack) -> dict[str, dict[str, Any]]:
    """What the engine knows of each service's container."""
    names = {c.service: c.name for c in stack.containers().values()}
    assert set(names) == {
        *(
            "sales-db",
            "marketing-db",
            "hive-metastore-db",
            "hive-metastore",
            "minio",
            "trino-coordinator",
            "audit",
            "sign-in",
        )
    }
    return {service: json.loads(docker("inspect", name))[0] for service, name in names.items()}


@pytest.mark.row("S-TRINO-01", "S-LAKE-01")
def test_the_engine_holds_each_container_to_the_limit_of_the_plan(journey: Stack) -> None:
    planned = {share["service"]: share["limit"] for share in journey.json("plan")["shares"]}
    for service, seen in _inspected(journey).items():
        assert seen["HostConfig"]["Memory"] == planned[service] * 2**20, service
        assert planned[service] >= 24


@pytest.mark.row("S-SEC-67/C")
def test_no_container_runs_as_root(journey: Stack) -> None:
    users = {service: seen["Config"]["User"].split(":")[0] for service, seen in _inspected(journey).items()}
    users["dbt"] = (
        docker("image", "inspect", "datameesh/dbt:1.11.16", "--format", "{{.Config.User}}").strip().split(":")[0]
    )
    for service, user in users.items():
        assert user.isdigit() and int(user) > 0, f"{service}: '{user}'"


@pytest.mark.row("S-SEC-63/C")
def test_no_secret_can_be_read_from_what_the_engine_tells_of_a_container(journey: Stack) -> None:
    folder = journey.adapters.state.secrets
    # Without a provider behind the sign-in service its file holds no secret.
    secrets = {path.name: path.read_text().strip() for path in folder.iterdir() if path.name != "sign-in-providers"}
    assert len(secrets) >= 10 and min(map(len, secrets.values())) >= 20
    for service, seen in _inspected(journey).items():
        told = json.dumps(seen)
        assert [name for name, value in secrets.items() if value in told] == [], service
        mounted = {m["Destination"] for m in seen["Mounts"] if m["Destination"].startswith("/run/secrets/")}
        named = {f"/run/secrets/{s}" for s in journey.adapters.repository.model().service(service).secrets}
        assert mounted == named, service


@pytest.mark.row("S-OPS-37/C")
def test_every_container_is_watched_and_status_calls_each_healthy(journey: Stack) -> None:
    for service, seen in _inspected(journey).items():
        assert seen["Config"]["Healthcheck"]["Test"][0] == "CMD", service
        assert seen["State"]["Health"]["Status"] == "healthy", service
    states = {s["service"]: s["state"] for s in journey.json("status")["services"] if s["kind"] == "service"}
    assert {service for service, state in states.items() if state == "healthy"} >= set(_inspected(journey))


@pytest.mark.row("S-PORT-15")
def test_every_profile_together_can_be_started(journey: Stack) -> None:
    profiles = [word for path in sorted((ROOT / "profiles").glob("*.yaml")) for word in ("--profile", path.stem)]
    assert len(profiles) >= 4
    journey.dm("up", *profiles, "--dry-run")


@pytest.mark.row("S-OPS-35/C")
def test_a_start_over_the_quota_of_a_namespace_is_refused_and_changes_nothing(journey: Stack) -> None:
    held = [s for s in journey.json("plan")["shares"] if s["service"] in ("sales-db",)]
    total = held[0]["limit"]
    before, in_force = journey.ids(), journey.adapters.state.read_json("plan.json")
    refused = journey.dm("up", "--quota", f"sales-domain={total - 1}m", code=3)
    assert f"namespace sales-domain may hold {total - 1} MiB, its limits come to {total} MiB" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (journey.ids(), journey.adapters.state.read_json("plan.json")) == (before, in_force)
    journey.dm("up", "--quota", f"sales-domain={total}m")
    refused = journey.dm("up", "--ram", "3g", code=3)
    assert "namespace sales-domain may hold" in refused.stderr
    assert journey.ids() == before
    journey.dm("up", "--quota", "sales-domain=64g")


@pytest.mark.row("S-PATH-14")
def test_the_metastore_itself_cannot_make_a_database_while_its_store_is_away(journey: Stack) -> None:
    """Asked by Thrift: Trino looks for the folder too, and would refuse before the metastore is asked."""
    store = next(c.name for c in journey.containers().values() if c.service == "minio")
    place = ("asked_by_thrift", "s3a://datalake/warehouse/asked_by_thrift.db")
    target = open_compose(journey.adapters).target
    with target.reach("hive-metastore", 9083) as at:
        docker("stop", "-t", "20", store)
        try:
            with pytest.raises(MetastoreRefused, match=place[1]):
                create_database(at.host, at.port, *place, patience=MINUTE)
        finally:
            docker("start", store)
        journey.until_healthy()
        assert ["asked_by_thrift"] not in journey.json("sql", "SHOW SCHEMAS FROM hive")
        create_database(at.host, at.port, *place, patience=MINUTE)
        try:
            assert "asked_by_thrift" in journey.dm("sql", "SHOW SCHEMAS FROM hive", "--output", "csv").stdout.split()
        finally:
            drop_database(at.host, at.port, place[0], patience=MINUTE)


@pytest.mark.row("S-LAKE-10")
def test_the_notebook_in_the_lake_is_one_of_nbformat_4(journey: Stack) -> None:
    """What nbformat 4 asks of a notebook, cell by cell."""
    notebook = json.loads(lake_of(journey.adapters).get("datalake", "notebooks/analysis_2024.ipynb"))
    assert (notebook["nbformat"], type(notebook["nbformat_minor"]), type(notebook["metadata"])) == (4, int, dict)
    assert {cell["cell_type"] for cell in notebook["cells"]} == {"markdown", "code"}
    for cell in notebook["cells"]:
        assert isinstance(cell["metadata"], dict)
        assert cell["source"] and all(isinstance(line, str) for line in cell["source"])
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
            compile("".join(cell["source"]), cell["id"], "exec")


@pytest.mark.row("S-DBT-79")
def test_doctor_names_the_model_with_a_wrong_source_and_refuses_it(journey: Stack, tmp_path: Path) -> None:
    for part in ("dbt", "services", "profiles", "compose", "seed", "datameesh_cli"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(journey.adapters.state.folder, tmp_path / ".dm" / journey.name)
    model = tmp_path / "dbt" / "models" / "staging" / "sales" / "stg_sales__orders.sql"
    model.write_text(model.read_text().replace("'orders'", "'ordres'"))
    line = next(n for n, text in enumerate(model.read_text().splitlines(), 1) if "ordres" in text)
    done = subprocess.run(
        [sys.executable, "-m", "datameesh_cli", "--name", journey.name, "dbt", "doctor"],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if not k.startswith(("DM_", "COMPOSE_"))} | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    # The row says 1, which every command of ours keeps for a bug: a model that somebody wrote is the user's input.
    assert done.returncode == 2, done.stderr
    assert f"dbt/models/staging/sales/stg_sales__orders.sql:{line}" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_what_was_not_checked_is_not_called_well(journey: Stack) -> None:
    """A pattern of which nothing applies, a pattern that fits nothing, a mart that is not there: none of them ends in 0."""
    idle = journey.dm("verify", "the previewed leads", "tasks of the journey query", code=2)
    assert (
        "nothing was checked: no check of 'tasks of the journey query' applies here: trino-worker is left out"
        in idle.stderr
    )
    assert "no check fits nonsense" in journey.dm("verify", "journey", "nonsense", code=2).stderr
    name = "the earlier name of the journey mart holds the same rows"
    journey.dm("verify", "--strict", name)
    journey.dm("sql", "ALTER TABLE lake.marts.mart_lead_to_customer_journey RENAME TO lake.marts.away")
    try:
        assert (
            "mart_lead_to_customer_journey is not built; run: dm dbt run" in journey.dm("verify", name, code=2).stderr
        )
        strict = journey.dm("verify", "--strict", name, code=4)
        assert "mart mart_lead_to_customer_journey is not built" in " ".join(strict.stdout.split())
    finally:
        journey.dm("sql", "ALTER TABLE lake.marts.away RENAME TO lake.marts.mart_lead_to_customer_journey")
    # Not only for its own sake: `dm dev coverage` takes the last verdict on a check.
    journey.dm("verify", "--strict", name)
