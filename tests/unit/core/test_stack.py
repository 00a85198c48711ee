"""Names and ports of a stack."""

from __future__ import annotations

import pytest

from datameesh_cli.core.model import Port
from datameesh_cli.core.stack import StackPort, bind_of, project_name, stack_ports
from datameesh_cli.errors import UserError
from tests.fakes.values import a_service

TRINO = a_service("trino", ports=(Port("TRINO_PORT", 30808, 8080),))
MINIO = a_service("minio", ports=(Port("MINIO_API_PORT", 30900, 9000), Port("MINIO_CONSOLE_PORT", 30901, 9001)))


def test_the_default_stack_is_the_project_and_another_one_carries_its_name() -> None:
    assert project_name("datameesh") == "datameesh"
    assert project_name("demo-2") == "datameesh-demo-2"


@pytest.mark.parametrize("name", ["", "Demo", "a_b", "-a", "a b", "../x", "a/b", "ü", "x" * 32, "a\n"])
def test_a_name_that_compose_or_the_file_system_would_refuse_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="can't be a stack's name"):
        project_name(name)


def test_ports_are_moved_by_the_offset_and_sorted() -> None:
    assert stack_ports([MINIO, TRINO], 2000, {}) == (
        StackPort("TRINO_PORT", 32808, "trino"),
        StackPort("MINIO_API_PORT", 32900, "minio"),
        StackPort("MINIO_CONSOLE_PORT", 32901, "minio"),
    )


def test_a_chosen_port_is_taken_as_it_is() -> None:
    ports = {p.variable: p.host for p in stack_ports([MINIO, TRINO], 1000, {"TRINO_PORT": "8080", "HOME": "/"})}
    assert ports == {"TRINO_PORT": 8080, "MINIO_API_PORT": 31900, "MINIO_CONSOLE_PORT": 31901}


@pytest.mark.parametrize("text", ["", "0", "-1", "65536", "http", "30 808", "8080.0", "²", "٣٠", "1" * 50])
def test_a_chosen_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UserError) as caught:
        stack_ports([TRINO], 0, {"TRINO_PORT": text})
    assert caught.value.message == f"TRINO_PORT={text} is not a port"


def test_two_listeners_on_one_port_are_refused() -> None:
    with pytest.raises(UserError) as caught:
        stack_ports([MINIO, TRINO], 0, {"TRINO_PORT": "30901"})
    assert caught.value.message == "MINIO_CONSOLE_PORT and TRINO_PORT are both 30901"
    assert "TRINO_PORT=<port>" in caught.value.hint


def test_two_services_with_one_variable_are_refused() -> None:
    twin = a_service("twin", ports=TRINO.ports)
    with pytest.raises(UserError, match="trino and twin both publish TRINO_PORT"):
        stack_ports([TRINO, twin], 0, {})


@pytest.mark.parametrize(
    ("text", "address", "reached", "shown", "warned"),
    [
        ("", "127.0.0.1", "127.0.0.1", "localhost", False),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", "localhost", False),
        ("127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2", False),
        ("0.0.0.0", "0.0.0.0", "127.0.0.1", "localhost", True),
        ("192.168.1.5", "192.168.1.5", "192.168.1.5", "192.168.1.5", True),
    ],
)
def test_where_the_ports_are_published(text: str, address: str, reached: str, shown: str, warned: bool) -> None:
    bind = bind_of(text)
    assert (bind.address, bind.reached_at, bind.shown) == (address, reached, shown)
    assert (f"DM_BIND={address} lets" in bind.warning) is warned
    assert bool(bind.warning) is warned


@pytest.mark.parametrize("text", ["localhost", "1.2.3", "::1", "0.0.0.0:80", "127.0.0.1\n"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="is not an IPv4 address"):
        bind_of(text)
