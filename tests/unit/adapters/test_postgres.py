"""What the server is told about waiting, names in SQL, and a connection that is ended under whoever waits for it."""

from __future__ import annotations

import socket
import time
from typing import Any

import psycopg2
import pytest

from datameesh_cli.adapters.deadline import Deadline
from datameesh_cli.adapters.postgres import Login, Patience, session
from datameesh_cli.adapters.tunnel import Endpoint
from datameesh_cli.core.sql_text import quoted
from datameesh_cli.errors import UnhealthyError
from datameesh_cli.usecases.find_changes import Change


@pytest.mark.parametrize(
    ("name", "identifier"),
    [("orders", '"orders"'), ("Odd name", '"Odd name"'), ('x"; DROP TABLE y; --', '"x""; DROP TABLE y; --"')],
)
def test_a_name_is_one_identifier_whatever_is_in_it(name: str, identifier: str) -> None:
    assert quoted(name) == identifier


def test_a_connection_has_limits_and_keepalives(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def connect(**options: Any) -> None:
        asked.update(options)
        raise psycopg2.OperationalError("no route")

    monkeypatch.setattr(psycopg2, "connect", connect)
    with pytest.raises(UnhealthyError, match="db, d: no route"):
        with session(
            Endpoint("h", 5432, "direct"), Login("db", "d", "owner", "p"), Patience(login=3, lock=4, statement=5)
        ):
            pass
    assert asked["connect_timeout"] == 3
    assert asked["options"] == "-c lock_timeout=4s -c statement_timeout=5s -c client_min_messages=warning"
    assert (asked["keepalives"], asked["keepalives_idle"]) == (1, 15)
    assert (asked["keepalives_interval"], asked["keepalives_count"], asked["tcp_user_timeout"]) == (5, 3, 30_000)


def test_who_waits_for_a_silent_peer_is_freed_in_time() -> None:
    here, there = socket.socketpair()
    with here, there, Deadline(here.fileno()) as deadline:
        began = time.monotonic()
        deadline.set(0.3)
        assert here.recv(1) == b""
        assert 0.3 <= time.monotonic() - began < 5
        assert deadline.passed == 0.3


def test_a_deadline_that_was_cleared_or_set_anew_ends_nothing() -> None:
    here, there = socket.socketpair()
    with here, there, Deadline(here.fileno()) as deadline:
        deadline.set(0.2)
        deadline.clear()
        time.sleep(0.6)
        deadline.set(0.4)
        time.sleep(0.1)
        deadline.set(30)
        time.sleep(0.7)
        there.send(b"x")
        assert here.recv(1) == b"x"
        assert deadline.passed == 0


@pytest.mark.parametrize(
    ("came", "went", "said"),
    [
        (1, 0, "orders (1 added)"),
        (0, 2, "orders (2 removed)"),
        (3, 3, "orders (3 changed or replaced)"),
        (3, 1, "orders (3 added or changed, 1 removed or changed)"),
    ],
)
def test_a_change_says_what_came_and_what_went(came: int, went: int, said: str) -> None:
    assert str(Change("orders", came, went)) == said
