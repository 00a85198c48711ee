"""Ports and who holds them, on this machine's own sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from datameesh_cli.adapters import host


def test_a_port_is_free_until_somebody_listens() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        holder.listen()
        assert not host.is_port_free("127.0.0.1", port)
        assert not host.is_port_free("0.0.0.0", port)
    assert host.is_port_free("127.0.0.1", port)


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")])
def test_a_listener_on_every_address_takes_ours_too(family: int, address: str) -> None:
    if family == socket.AF_INET6 and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with socket.create_server((address, 0), family=family, dualstack_ipv6=family == socket.AF_INET6) as holder:
        port = holder.getsockname()[1]
        assert not host.is_port_free("127.0.0.1", port)
        assert host.port_holder(port) == f"{_own_name()} (pid {os.getpid()})"


def test_a_closed_connection_that_lingers_does_not_take_the_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = server.accept()
            accepted.close()  # our side closes first, so our side keeps the port in TIME_WAIT
    assert host.is_port_free("127.0.0.1", port)


def test_the_holder_of_a_port_is_named() -> None:
    code = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); sys.stdin.read()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        port = int(child.stdout.readline())
        name = host.port_holder(port)
        assert name is not None
        assert name.endswith(f" (pid {child.pid})")
    finally:
        child.communicate()
    assert host.port_holder(port) is None


@pytest.mark.parametrize(
    ("address", "ours"), [("127.0.0.1", True), ("127.9.9.9", True), ("0.0.0.0", True), ("192.0.2.77", False)]
)
def test_an_address_of_another_machine_is_known_as_such(address: str, ours: bool) -> None:
    assert host.has_address(address) is ours


def _own_name() -> str:
    return Path("/proc/self/comm").read_text().strip()
