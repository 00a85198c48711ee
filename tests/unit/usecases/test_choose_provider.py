"""`dm security provider`: what is kept, who is told, what is let out, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest
import yaml

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.adapters.net_rules import Rules
from datameesh_cli.adapters.network import Network
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.choose_provider import add_provider, remove_provider, show_providers
from datameesh_cli.usecases.enforce_network import guard, place_services, show
from tests.unit.core.test_providers import SAID
from tests.unit.usecases.test_change_people import _started
from tests.unit.usecases.test_derive_secrets import adapters as base
from tests.unit.usecases.test_enforce_network import _Network, _Rules

__all__ = ["base"]  # the fixture


@pytest.fixture
def adapters(base: Adapters) -> Adapters:
    """In which `web` is where people sign in."""
    fragment = base.repository.root / "services" / "web" / "compose.yaml"
    fragment.write_text(fragment.read_text().replace("provides: [sql]", "provides: [sql, sign-in]"))
    return base


def _file(adapters: Adapters, name: str = "company", **changed: object) -> str:
    path = adapters.repository.root / f"{name}.yaml"
    path.write_text(yaml.safe_dump(SAID | changed))
    return str(path)


def test_there_and_away(adapters: Adapters) -> None:
    _started(adapters)
    assert show_providers(adapters).providers == ()
    assert adapters.state.derived("sign-in-providers") == "connectors: []\n"
    found = add_provider(adapters, _file(adapters), "s3cret", print)
    assert found.secrets == ("sign-in-providers",)
    assert [(p.name, p.type, p.outside) for p in found.providers] == [("company", "ldap", ("ldap.mycompany.com:636",))]
    assert "SIGN_IN_SECRET_COMPANY=s3cret\n" in adapters.state.derived("sign-in-providers")
    assert "s3cret" not in repr(found)
    kept = adapters.state.folder / "providers.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    add_provider(adapters, _file(adapters, title="Again"), "another", print)
    assert [p.title for p in show_providers(adapters).providers] == ["Again"]
    assert "s3cret" not in adapters.state.derived("sign-in-providers")
    gone = remove_provider(adapters, "company", print)
    assert (gone.providers, gone.secrets) == ((), ("sign-in-providers",))
    assert adapters.state.derived("sign-in-providers") == "connectors: []\n"


def test_a_name_of_the_checkout_is_its_file_and_has_placeholders(adapters: Adapters) -> None:
    with pytest.raises(UserError, match=r"identity/providers/auth-ldap\.yaml: `outside`: .* is a placeholder"):
        add_provider(adapters, "auth-ldap", "s3cret", print)
    with pytest.raises(UserError, match="there is no provider 'auth-saml'") as refused:
        add_provider(adapters, "auth-saml", "s3cret", print)
    assert "auth-ldap, auth-oauth" in refused.value.hint
    assert not (adapters.state.folder / "providers.json").exists()


@pytest.mark.parametrize("secret", ["", "two\nlines"])
def test_without_a_secret_of_one_line_nothing_is_kept(adapters: Adapters, secret: str) -> None:
    with pytest.raises(UserError, match="company needs the secret that opens it"):
        add_provider(adapters, _file(adapters), secret, print)
    assert show_providers(adapters).providers == ()


@pytest.mark.parametrize("name", ["local", "Company", "a_b"])
def test_a_name_that_the_service_has_itself_or_cannot_have_is_refused(adapters: Adapters, name: str) -> None:
    with pytest.raises(UserError, match="is no name for a provider"):
        add_provider(adapters, _file(adapters, name), "s3cret", print)


def test_what_is_not_there_cannot_be_taken_away(adapters: Adapters) -> None:
    with pytest.raises(UserError, match="'company' is not behind the sign-in service"):
        remove_provider(adapters, "company", print)


def test_the_way_out_is_in_the_rules_of_a_stack_that_runs(adapters: Adapters) -> None:
    folder = adapters.repository.root / "services" / "net-rules"
    folder.mkdir()
    (folder / "Dockerfile").write_text('FROM scratch\nLABEL org.opencontainers.image.version="1"\n')
    rules = _Rules()
    adapters = replace(adapters, network=cast(Network, _Network()), rules=cast(Rules, rules))
    add_provider(adapters, _file(adapters), "s3cret", print)
    assert rules.texts == [], "there is no network yet"
    services = adapters.repository.model().services
    assert place_services(adapters, services, print)
    guard(adapters, services, print)
    assert '. 0.0.0.0/0 . 636 comment "web -> ldap.mycompany.com:636"' in rules.texts[-1]
    assert ("web", "ldap.mycompany.com", 636) in [(e.source, e.target, e.port) for e in show(adapters).edges]
    remove_provider(adapters, "company", print)
    assert len(rules.texts) == 2
    assert "636" not in rules.texts[-1]
