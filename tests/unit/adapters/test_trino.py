"""Another program on Trino's port: whatever it says, one line."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from datameesh_cli.adapters.trino import Trino
from datameesh_cli.errors import UnhealthyError, UserError
from tests.fakes.tls import tls_server, trust_in

ANSWERS = {
    "a page": (b"text/html", b"<html>hello</html>"),
    "an empty object": (b"application/json", b"{}"),
    "a list": (b"application/json", b"[]"),
    "a number": (b"application/json", b"1"),
    "half of an answer": (b"application/json", b'{"id": "a", "stats": {}, "columns": [1], "data": [[1]]}'),
}


@contextmanager
def _program(answer: bytes) -> Iterator[int]:
    """A program that gives one answer to everybody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    client.recv(65536)
                    client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_not_trinos(name: str) -> None:
    kind, body = ANSWERS[name]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (kind, len(body))
    with _program(head + body) as port:
        with pytest.raises(UnhealthyError, match="what answers there is not understood as Trino's") as caught:
            Trino("127.0.0.1", port, patience=0).query("SELECT 1")
    assert "another program have the port" in caught.value.hint


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"\x00\xff\xfe\r\n\r\n"])
def test_an_answer_that_is_no_http(answer: bytes) -> None:
    with _program(answer) as port:
        with pytest.raises(UnhealthyError, match="Trino does not answer"):
            Trino("127.0.0.1", port, patience=0).query("SELECT 1")


def _engine(asked: BaseHTTPRequestHandler) -> tuple[int, bytes]:
    """Lets alex in by one password, and answers every statement with one row: who signed in."""
    asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
    if asked.headers["Authorization"] != "Basic " + base64.b64encode(b"alex:of alex").decode():
        return 401, b"Access Denied: Invalid credentials"
    columns = [{"name": "who", "type": "json", "typeSignature": {"rawType": "json", "arguments": []}}]
    body = {"id": "q", "infoUri": "x", "stats": {"state": "FINISHED"}, "columns": columns, "data": [["alex"]]}
    return 200, json.dumps(body).encode()


def test_whoever_asks_signs_in_with_a_password_of_their_own_at_a_server_of_the_right_name(tmp_path: Path) -> None:
    """The address is loopback's, and the certificate says another name: that of the service."""
    with tls_server(tmp_path / "a", ["engine"], _engine) as port:
        trino = Trino("127.0.0.1", port, trust_in(tmp_path / "a", "engine"), lambda user: f"of {user}", patience=0)
        assert trino.query("SELECT 1", user="alex").rows == (("alex",),)
        with pytest.raises(
            UserError, match="does not let this user in: the password that dm knows is not the one"
        ) as no:
            trino.query("SELECT 1", user="emma")
        assert "dm credentials" in no.value.hint


def test_a_server_that_does_not_know_yet_who_may_sign_in_still_starts(tmp_path: Path) -> None:
    """What Trino 476 says for some seconds after it has opened its port."""
    not_yet = [True, True]

    def answer(asked: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        if not_yet and not_yet.pop():
            asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
            return (
                500,
                b"java.lang.IllegalStateException: authenticators were not loaded\n\tat com.google.common.base.X",
            )
        return _engine(asked)

    with tls_server(tmp_path / "a", ["engine"], answer) as port:
        trino = Trino("127.0.0.1", port, trust_in(tmp_path / "a", "engine"), lambda user: f"of {user}", patience=10)
        assert trino.query("SELECT 1", user="alex").rows == (("alex",),)
        not_yet.append(True)
        with pytest.raises(UnhealthyError, match="Trino is not ready: authenticators were not loaded") as no:
            replace(trino, patience=0).query("SELECT 1", user="alex")
    assert "wait a moment" in no.value.hint


@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_a_server_with_another_authority_or_name_gets_no_password(tmp_path: Path, wrong: str) -> None:
    seen: list[str] = []

    def answer(asked: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        seen.append(str(asked.headers))
        return 200, b"{}"

    with tls_server(tmp_path / "a", ["engine"], answer) as port, tls_server(tmp_path / "b", ["engine"], answer):
        trust = trust_in(
            tmp_path / ("b" if wrong == "authority" else "a"), "engine" if wrong == "authority" else "other"
        )
        with pytest.raises(UnhealthyError, match="shows no certificate of this stack's authority") as no:
            Trino("127.0.0.1", port, trust, lambda user: f"of {user}", patience=0).query("SELECT 1")
    assert "\n" not in no.value.message
    assert seen == []


def test_a_statement_waits_while_secrets_change() -> None:
    changing = [True, True, False, False]
    with pytest.raises(UnhealthyError, match="nothing listens there"):
        Trino("127.0.0.1", 1, patience=0, changing=lambda: changing.pop(0)).query("SELECT 1")
    assert changing == []
