"""Trino's catalogs: whole, and without a secret in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.repo import ROOT

FILES = sorted((ROOT / "services").glob("*/catalog/*.properties"))
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


WAITS = "connectTimeout=10&loginTimeout=10&socketTimeout=300&tcpKeepAlive=true&options=-c%20statement_timeout%3D290s"


@pytest.mark.parametrize("file", [f for f in FILES if "=postgresql" in f.read_text()], ids=lambda f: f.stem)
def test_no_query_waits_for_ever_for_a_database(file: Path) -> None:
    """The server gives a statement up before the connection does, so that it does not go on for nobody."""
    (address,) = [line for line in file.read_text().splitlines() if line.startswith("connection-url=")]
    assert address.partition("?")[2] == WAITS


def test_the_metastore_gives_its_database_up_before_trino_gives_up_the_metastore() -> None:
    address = "5432/metastore?connectTimeout=10&amp;loginTimeout=10&amp;socketTimeout=50&amp;tcpKeepAlive=true<"
    assert address in (ROOT / "services" / "hive-metastore" / "config" / "metastore-site.xml").read_text()
    lake = [f for f in FILES if "hive.metastore.uri" in f.read_text()]
    assert lake
    assert all("hive.metastore.thrift.client.read-timeout=60s" in f.read_text() for f in lake)


@pytest.mark.row("S-CATLG-13")
@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_a_catalog_says_how_to_log_in_and_holds_no_secret(file: Path) -> None:
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    said = dict(line.split("=", 1) for line in lines)
    assert len(said) == len(lines), "a key twice"
    assert set(said) >= MANDATORY[said["connector.name"]]
    secrets = {
        key: value
        for key, value in said.items()
        if ("password" in key or "secret" in key) and not key.endswith("-name")
    }
    assert all(value.startswith("${ENV:") and value.endswith("}") for value in secrets.values()), secrets
    assert not any("password=" in value or "@" in value for value in said.values()), "a login inside an address"
