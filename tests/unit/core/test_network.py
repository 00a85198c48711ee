"""Who is who on the network, and the rules as nft reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from datameesh_cli.core.declaration import Edge
from datameesh_cli.core.model import Port
from datameesh_cli.core.network import (
    Layout,
    Opening,
    elements,
    laid_out,
    no_rules,
    openings,
    rules,
    stand_ins,
    strangers,
)
from datameesh_cli.errors import HostError
from tests.fakes.values import a_service

GOLDEN = Path(__file__).parent / "network.nft"
WEB = a_service(
    "web", consumes=(Edge("db", 5432),), ports=(Port("WEB_PORT", 30808, 8080),), listens=(8080,), depends_on=("cache",)
)
SERVICES = (
    WEB,
    a_service("db", listens=(5432,)),
    a_service("cache", listens=(6379, 6380)),
    a_service("report", kind="job", consumes=(Edge("web", 8080),)),
    a_service("door", outside=(Edge("ldap.mycompany.com", 636), Edge("10.9.8.7", 443))),
)
LAYOUT = Layout("172.20.0.0/16", {"cache": 1, "db": 2, "report": 3, "web": 4, "door": 5})


def test_the_rules_are_these() -> None:
    assert rules("datameesh-x", LAYOUT, SERVICES, 1000) == GOLDEN.read_text()


def test_a_stack_without_any_connection_lets_nothing_through() -> None:
    text = rules("datameesh", Layout("10.0.0.0/24", {"db": 1}), [a_service("db", listens=(5432,))], 0)
    assert "elements" not in text
    assert "meta skuid { 0 } accept" in text


def test_what_it_waits_for_and_what_it_consumes_is_open() -> None:
    assert openings(SERVICES) == (
        Opening("door", "10.9.8.7", 443),
        Opening("door", "ldap.mycompany.com", 636),
        Opening("report", "web", 8080),
        Opening("web", "cache", 6379),
        Opening("web", "db", 5432),
    )


def test_the_sets_hold_what_nft_shows_of_them() -> None:
    assert elements(LAYOUT, SERVICES) == {
        "172.20.0.48/28 . 172.20.0.64 . 8080",
        "172.20.0.64/28 . 172.20.0.16 . 6379",
        "172.20.0.64/28 . 172.20.0.32 . 5432",
        "172.20.0.64 . 8080",
        "172.20.0.80/28 . 10.9.8.7 . 443",
        "172.20.0.80/28 . 0.0.0.0/0 . 636",
    }


def test_the_rules_go_by_their_table() -> None:
    assert no_rules("datameesh-x") == "table bridge datameesh-x\ndelete table bridge datameesh-x\n"


@pytest.mark.parametrize(
    ("subnet", "block", "second", "whole"),
    [
        ("172.20.0.0/16", 16, "172.20.0.32", "172.20.0.32/28"),
        ("192.168.192.0/20", 16, "192.168.192.32", "192.168.192.32/28"),
        ("10.1.4.0/22", 8, "10.1.4.16", "10.1.4.16/29"),
        ("10.1.4.0/24", 2, "10.1.4.4", "10.1.4.4/31"),
    ],
)
def test_a_block_is_as_large_as_the_network_allows(subnet: str, block: int, second: str, whole: str) -> None:
    layout = laid_out(subnet, ["a", "b"], {})
    assert (layout.block, layout.address("b"), layout.whole_block("b")) == (block, second, whole)


def test_the_last_place_ends_before_the_strangers_half() -> None:
    names = [f"s{n:02}" for n in range(63)]
    layout = laid_out("10.1.4.0/24", names, {})
    assert layout.address("s62") == "10.1.4.126"
    assert stand_ins(layout.address("s62"), layout.block) == ("10.1.4.127",)
    assert strangers("10.1.4.0/24") == "10.1.4.128/25"
    with pytest.raises(HostError, match=r"10\.1\.4\.0/24 is too small"):
        laid_out("10.1.4.0/24", [*names, "one-more"], {})
    with pytest.raises(HostError, match=r"10\.1\.4\.0/25 is too small"):
        laid_out("10.1.4.0/25", ["a"], {})


def test_nobody_moves_when_somebody_comes_or_goes() -> None:
    first = laid_out("172.20.0.0/16", ["b", "d"], {})
    assert first.places == {"b": 1, "d": 2}
    more = laid_out("172.20.0.0/16", ["a", "b", "c", "d"], first.places)
    assert more.places == {"b": 1, "d": 2, "a": 3, "c": 4}
    assert laid_out("172.20.0.0/16", ["c", "d", "e"], more.places).places == {"d": 2, "c": 4, "e": 1}


def test_the_model_reads_these_variables() -> None:
    assert laid_out("172.20.0.0/16", ["sales-api"], {}).variables == {
        "SALES_API_ADDRESS": "172.20.0.16",
        "DM_ADDRESS_BLOCK": "16",
    }
    assert stand_ins("172.20.0.16", 4) == ("172.20.0.17", "172.20.0.18", "172.20.0.19")
