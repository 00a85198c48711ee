"""Who signs in, by what, and whom a client trusts: by the real repository's own services and people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.core.kind import Trust
from datameesh_cli.errors import HostError, UserError
from datameesh_cli.usecases.open_target import trino_of
from datameesh_cli.usecases.plan_memory import plan_memory
from datameesh_cli.usecases.sign_in import password_of, trusted_ports
from tests.contract.repo import ROOT
from tests.fakes.adapters import FakeEngine, fake_adapters


@pytest.fixture
def adapters(tmp_path: Path) -> Adapters:
    for name in ("services", "profiles", "seed", "compose", "identity"):
        (tmp_path / name).symlink_to(ROOT / name)
    found = fake_adapters(tmp_path, FakeEngine())[0]
    found.state.write("plan.json", json.dumps({"profiles": ["core", "analytics"], "budget": 4096}))
    return found


def test_each_signs_in_with_a_password_of_their_own(adapters: Adapters) -> None:
    adapters.state.keep_secrets({"alex-password": "of alex", "dbt-password": "of dbt"})
    assert [password_of(adapters, "", who) for who in ("alex", "dbt")] == ["of alex", "of dbt"]
    adapters.state.of_export("here").keep_secrets({"alex-password": "of alex there"})
    assert password_of(adapters, "here", "alex") == "of alex there"
    with pytest.raises(HostError, match="the secret 'emma-password' does not exist yet"):
        password_of(adapters, "", "emma")


def test_whom_nobody_knows_is_told_who_there_is(adapters: Adapters) -> None:
    with pytest.raises(UserError, match="nobody is called 'alexa'") as wrong:
        password_of(adapters, "", "alexa")
    assert wrong.value.exit_code == 2
    names = wrong.value.hint.removeprefix("there are: ").split(", ")
    assert {"admin", "alex", "emma", "dbt", "healthcheck"} <= set(names)


def test_a_password_of_a_service_signs_nobody_in(adapters: Adapters) -> None:
    adapters.state.keep_secrets({"sales-db-owner-password": "x"})
    with pytest.raises(UserError, match="nobody is called 'sales-db-owner'"):
        password_of(adapters, "", "sales-db-owner")


def test_ports_of_tls_say_whom_to_trust_and_no_other(adapters: Adapters) -> None:
    services = adapters.repository.model().services
    trusted = trusted_ports(adapters, services)
    authority = str(adapters.state.secrets / "mesh-ca")
    assert trusted["TRINO_PORT"] == Trust(authority, "trino-coordinator")
    assert trusted["MINIO_CONSOLE_PORT"] == Trust(authority, "minio")
    assert "SALES_API_PORT" not in trusted
    export = adapters.state.of_export("here")
    export.keep_secrets({"mesh-ca": "theirs"})
    assert trusted_ports(adapters, services, "here")["TRINO_PORT"].authority == str(export.secrets / "mesh-ca")


def test_the_stacks_own_trino_is_asked_over_tls_with_a_password(adapters: Adapters) -> None:
    adapters.state.keep_secrets({"alex-password": "of alex"})
    trino = trino_of(adapters, plan_memory(adapters, (), None))
    assert trino.trust and trino.trust.name == "trino-coordinator"
    assert trino.password_of and trino.password_of("alex") == "of alex"
