"""Nobody is called as a role of a database's server is: the names are read out of what makes these roles."""

from __future__ import annotations

import re

import pytest

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.identity.people import PersonEntry, check_name, check_person
from datameesh_cli.core.schema import Wrong
from datameesh_cli.usecases.derive_secrets import read_file
from tests.contract.repo import ROOT

SQL = [
    path for folder in ("postgres", "sales-db", "marketing-db") for path in (ROOT / "services" / folder).rglob("*.sql")
]
MADE = re.compile(r"(?m)^\s*(?:CREATE ROLE|\\set role) (\w+)")


def test_every_role_of_a_database_s_server_is_reserved() -> None:
    roles = {name for path in SQL for name in MADE.findall(path.read_text(encoding="utf-8"))}
    assert roles == {
        *("owner", "trino_rw", "ingest", "api", "grafana_ro"),
        *("people", "people_all_rows", "people_unmasked", "people_academic", "auditor", "stager"),
    }
    said = read_file(adapters_for())
    assert said
    for name in (*roles, *(f"group_{group}" for group in said.groups)):
        with pytest.raises(Wrong):
            check_name(name, said, "user")
    check_person("dana", PersonEntry(name="Dana", email="dana@datameesh.example", groups=("analyst",)), said, "user")
