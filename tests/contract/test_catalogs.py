"""Trino's catalogs: whole, and without a secret in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.repo import ROOT

FILES = sorted((ROOT / "services" / "trino" / "config" / "catalog").glob("*.properties"))
_LAKE = {
    *("hive.metastore.uri", "s3.endpoint", "s3.region", "s3.path-style-access", "s3.aws-access-key"),
    *("s3.aws-secret-key", "fs.native-s3.enabled"),
}
MANDATORY = {
    "postgresql": {"connection-url", "connection-user", "connection-password"},
    "hive": _LAKE,
    "iceberg": _LAKE | {"iceberg.catalog.type"},
    "tpch": set[str](),
}


@pytest.mark.row("S-CATLG-13")
@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_a_catalog_says_how_to_log_in_and_holds_no_secret(file: Path) -> None:
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    said = dict(line.split("=", 1) for line in lines)
    assert len(said) == len(lines), "a key twice"
    assert set(said) >= MANDATORY[said["connector.name"]]
    secrets = {key: value for key, value in said.items() if "password" in key or "secret" in key}
    assert all(value.startswith("${ENV:") and value.endswith("}") for value in secrets.values()), secrets
    assert not any("password=" in value or "@" in value for value in said.values()), "a login inside an address"
