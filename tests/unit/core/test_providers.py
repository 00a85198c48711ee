"""Providers of people: what their files may say, and what the sign-in service is told of them."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from datameesh_cli.core.declaration import Edge
from datameesh_cli.core.identity.makers import MAKERS
from datameesh_cli.core.identity.providers import Provider, ProviderFile, check_provider, opened
from datameesh_cli.core.schema import Wrong, read
from datameesh_cli.errors import UserError
from tests.contract.repo import ROOT
from tests.fakes.values import a_service
from tests.unit.core.test_people import MATERIAL

SHIPPED = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / "identity" / "providers").glob("*.yaml")}
SAID = {
    "title": "Directory",
    "type": "ldap",
    "outside": ["ldap.mycompany.com:636"],
    "config": {"host": "ldap.mycompany.com:636", "bindPW": "$SECRET", "rootCAData": "$CA", "deep": [{"x": "$SECRET"}]},
    "groups": {"Data Science": "data-scientist"},
    "authority": "PEM\n",
}


def _provider(name: str = "auth-ldap", secret: str = 's3"cr$et', **changed: Any) -> Provider:
    return Provider(name, read(ProviderFile, SAID | changed, "x.yaml"), secret)


def _said(*providers: Provider) -> dict[str, str]:
    text = MAKERS["sign-in-providers"](replace(MATERIAL, providers=providers))
    return {line.split("=" if line.startswith("SIGN_IN") else ": ", 1)[0]: line for line in text.splitlines()}


def test_without_any_provider_there_is_no_connector() -> None:
    assert MAKERS["sign-in-providers"](MATERIAL) == "connectors: []\n"


def test_a_connector_takes_its_secret_from_the_environment_and_its_authority_as_it_is() -> None:
    found = _said(_provider())
    (connector,) = yaml.safe_load(found["connectors"])["connectors"]
    assert {key: connector[key] for key in ("type", "id", "name")} == {
        "type": "ldap",
        "id": "auth-ldap",
        "name": "Directory",
    }
    assert connector["config"] == {
        "host": "ldap.mycompany.com:636",
        "bindPW": "$SIGN_IN_SECRET_AUTH_LDAP",
        "rootCAData": base64.b64encode(b"PEM\n").decode(),
        "deep": [{"x": "$SIGN_IN_SECRET_AUTH_LDAP"}],
    }
    assert found["SIGN_IN_SECRET_AUTH_LDAP"] == 'SIGN_IN_SECRET_AUTH_LDAP=s3"cr$et'


def test_groups_are_mapped_by_provider_and_names_of_programs_are_nobodys() -> None:
    found = _said(_provider(), _provider("auth-oauth", groups={}))
    rules = json.loads(found["SIGN_IN_PROVIDERS"].split("=", 1)[1])
    assert rules["groups"] == {"auth-ldap": {"Data Science": "data-scientist"}, "auth-oauth": {}}
    assert {"dbt", "healthcheck", "root", "pg_*", "postgres"} <= set(rules["reserved"])
    assert "alex" not in rules["reserved"]


def test_the_service_where_people_sign_in_is_let_out_and_no_other() -> None:
    door, web = a_service("door", provides=("sign-in",)), a_service("web")
    twice = [_provider(), _provider("other"), _provider("third", outside=["10.0.0.1:443"])]
    assert opened([door, web], []) == (door, web)
    assert opened([door, web], twice) == (
        replace(door, outside=(Edge("ldap.mycompany.com", 636), Edge("10.0.0.1", 443))),
        web,
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"outside": []}, "`outside` must be a list of at least 1"),
        ({"outside": ["ldap.mycompany.com"]}, "is no host and port"),
        ({"outside": ["ldaps://ldap.mycompany.com:636"]}, "is no host and port"),
        ({"outside": ["ldap.mycompany.com:70000"]}, "is no host and port"),
        ({"type": "saml"}, "`type` 'saml' is unknown"),
        ({"group": {}}, "there is no key 'group'"),
    ],
)
def test_a_file_that_is_not_valid_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as refused:
        _provider(**changed)
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"groups": {"x": "data-scientists"}}, "there is no group 'data-scientists'"),
        ({"outside": ["ldap.example.org:636"]}, "ldap.example.org is a placeholder"),
        ({"outside": ["example.com:636"]}, "example.com is a placeholder"),
    ],
)
def test_a_group_that_we_have_not_or_a_placeholder_is_refused(changed: dict[str, Any], said: str) -> None:
    people = MATERIAL.people.said
    check_provider(_provider(outside=["example.mycompany.com:636"]).said, people)
    with pytest.raises(Wrong) as refused:
        check_provider(_provider(**changed).said, people)
    assert said in str(refused.value)


@pytest.mark.parametrize("name", ["auth-ldap", "auth-oauth"])
def test_a_file_of_the_checkout_is_whole_but_for_its_hosts(name: str) -> None:
    said = read(ProviderFile, SHIPPED[name], name)
    with pytest.raises(Wrong, match="placeholder"):
        check_provider(said, MATERIAL.people.said)
    check_provider(replace(said, outside=(Edge("10.0.0.1", 636),)), MATERIAL.people.said)
    (secret,) = [key for key, value in said.config.items() if value == "$SECRET"]
    assert secret == {"auth-ldap": "bindPW", "auth-oauth": "clientSecret"}[name]
