"""Roles: who provides what, and what is said when nobody does, or two."""

from __future__ import annotations

import pytest

from datameesh_cli.core.declaration import Edge
from datameesh_cli.core.model import Port, Profile, model_of
from datameesh_cli.core.roles import all_providing, key_pair, providing, way_in
from datameesh_cli.errors import UserError
from tests.fakes.values import a_service

SHOP = a_service("shop-db", provides=("domain-database", "marts"), listens=(5432,))
ADS = a_service("ads-db", provides=("domain-database",), listens=(5432,))


def test_a_role_leads_to_its_provider_whatever_it_is_called() -> None:
    assert providing([ADS, SHOP], "marts") is SHOP
    assert all_providing([SHOP, ADS], "domain-database") == (ADS, SHOP), "in the order of their names"


def test_nobody_and_two_are_one_clear_line() -> None:
    with pytest.raises(UserError, match="no service provides 'sql'") as nobody:
        providing([SHOP, ADS], "sql")
    assert nobody.value.hint == "a fragment says so in x-datameesh: provides: [sql]"
    with pytest.raises(UserError, match="ads-db and shop-db provide 'domain-database', and only one may"):
        providing([SHOP, ADS], "domain-database")


def test_a_provider_is_reached_at_its_first_published_port() -> None:
    api, console = Port("API_PORT", 1, 9000), Port("CONSOLE_PORT", 2, 9001)
    assert way_in(a_service("store", ports=(api, console))) == api
    with pytest.raises(UserError, match="store publishes no port"):
        way_in(a_service("store"))


@pytest.mark.parametrize("secrets", [(), ("a-access-key",), ("a-access-key", "b-access-key", "a-secret-key")])
def test_a_store_has_one_pair_of_keys(secrets: tuple[str, ...]) -> None:
    assert key_pair(a_service("store", secrets=("x", "a-secret-key", "a-access-key"))) == (
        "a-access-key",
        "a-secret-key",
    )
    with pytest.raises(UserError, match="has not one secret"):
        key_pair(a_service("store", secrets=secrets))


def test_an_edge_to_a_role_is_one_to_each_of_its_providers() -> None:
    engine = a_service("engine", consumes=(Edge("domain-database", 5432), Edge("shop-db", 5432)))
    model = model_of([SHOP, engine, ADS], [Profile("core", (), "")])
    assert model.service("engine").consumes == (Edge("ads-db", 5432), Edge("shop-db", 5432))
    with pytest.raises(UserError, match="a port that shop-db does not expose"):
        model_of([SHOP, a_service("engine", consumes=(Edge("domain-database", 80),))], [Profile("core", (), "")])
    with pytest.raises(UserError, match="and there is no such service or role"):
        model_of([a_service("engine", consumes=(Edge("notebooks", 80),))], [Profile("core", (), "")])
