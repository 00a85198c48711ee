"""A domain is two folders: `support` is put into a copy of the checkout, is seeded, federated, in dbt, verified and exported."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from datameesh_cli.adapters import yaml_text
from tests.integration.clone import copy_of, environment, export, files_in
from tests.integration.stack import ROOT, Stack

STACK = Stack("third")
DOMAIN = ROOT / "tests" / "third_domain"
ADDED = ("seed/support", "services/support-db")
MADE = {"compose/compose.yaml", "compose/files.yaml", "compose/services.yaml", "dbt/models/staging/_sources.yml"}


def _dm(folder: Path, *args: str) -> str:
    command = [sys.executable, "-m", "datameesh_cli", "--name", STACK.name, *args]
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"dm {' '.join(args)} ended in {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _with_the_domain(folder: Path) -> Path:
    """Make a copy of the checkout with the two folders in it, and nothing else changed."""
    copy_of(folder)
    for name in ADDED:
        shutil.copytree(DOMAIN / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def clone(exporter: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of three domains."""
    return _with_the_domain(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="module")
def mesh(built: None, clone: Path) -> Iterator[Path]:
    """The stack of three domains, with set small."""
    STACK.reserve_ports()
    (clone / ".dm" / STACK.name).mkdir(parents=True, mode=0o700)
    shutil.copy(ROOT / ".dm" / STACK.name / "ports.json", clone / ".dm" / STACK.name / "ports.json")
    try:
        _dm(clone, "up", "--ram", "1700m")
        _dm(clone, "seed")
        yield clone
    finally:
        _dm(clone, "down", "--volumes", "--yes")
        shutil.rmtree(ROOT / ".dm" / STACK.name, ignore_errors=True)


def test_it_is_two_folders_and_what_dm_makes_of_them(exporter: str, tmp_path: Path) -> None:
    assert {name.rpartition("/")[0].removesuffix("/catalog") for name in files_in(DOMAIN)} == {"", *ADDED}
    checkout = files_in(_with_the_domain(tmp_path))
    export(tmp_path, "--profile", "analytics", "--ram", "6g")
    after = files_in(tmp_path)
    changed = {name for name in after if after[name] != checkout.get(name)}
    assert {n for n in changed if not n.startswith("k8s-export/out/") and "__pycache__" not in n} == MADE


def test_it_is_exported_and_every_name_and_policy_leads_somewhere(clone: Path) -> None:
    said = export(clone, "--profile", "analytics", "--ram", "6g").stdout
    assert "validation, schema: passed" in said
    assert "validation, graph: passed" in said
    out = clone / "k8s-export" / "out"
    objects = [o for p in sorted(out.rglob("*.yaml")) for o in yaml_text.load_all(p.read_text()) if o]
    kinds = {o["kind"] for o in objects if o.get("metadata", {}).get("namespace") == "support-domain"}
    assert {"StatefulSet", "Service", "NetworkPolicy", "ResourceQuota"} <= kinds
    catalogs = [o for o in objects if o["kind"] == "ConfigMap" and "support-db-catalog-support" in o.get("data", {})]
    assert [o["metadata"]["namespace"] for o in catalogs] == ["data-platform"]


def test_it_is_federated_with_another_domain(mesh: Path) -> None:
    asked = """
        SELECT count(*) AS tickets, count(DISTINCT agent_name) AS agents FROM support.public.tickets t
        JOIN support.public.agents USING (agent_id) JOIN sales.public.customers c ON t.email = c.email"""
    assert _dm(mesh, "sql", asked, "-o", "csv").splitlines() == ["tickets,agents", "15,3"]


def test_dbt_knows_its_tables_and_when_they_were_loaded(mesh: Path) -> None:
    listed = _dm(mesh, "dbt", "ls", "--resource-type", "source", "--select", "source:support")
    assert "source:datameesh.support.agents" in listed
    assert "source:datameesh.support.tickets" in listed
    fresh = _dm(mesh, "dbt", "source", "freshness", "--select", "source:support")
    assert "PASS freshness of support.tickets" in fresh


def test_its_own_checks_are_run_and_pass(mesh: Path) -> None:
    results = json.loads(_dm(mesh, "verify", "services/support-db", "--output", "json"))["results"]
    assert [r["result"] for r in results] == ["passed"] * 3
