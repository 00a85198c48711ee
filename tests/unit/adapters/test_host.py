"""Ports and who holds them, on this machine's own sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from datameesh_cli.adapters import host
from datameesh_cli.errors import UserError


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


@pytest.mark.parametrize(("value", "address"), [(None, "127.0.0.1"), ("", "127.0.0.1"), ("0.0.0.0", "0.0.0.0")])
def test_the_bind_address(monkeypatch: pytest.MonkeyPatch, value: str | None, address: str) -> None:
    monkeypatch.delenv("DM_BIND", raising=False)
    if value is not None:
        monkeypatch.setenv("DM_BIND", value)
    assert host.bind_address() == address


@pytest.mark.parametrize("value", ["localhost", "1.2.3", "::1", "0.0.0.0:80"])
def test_a_bind_address_that_is_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DM_BIND", value)
    with pytest.raises(UserError, match="is not an IPv4 address"):
        host.bind_address()


def _own_name() -> str:
    return Path("/proc/self/comm").read_text().strip()
