"""Another program on Trino's port: whatever it says, one line."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from datameesh_cli.adapters.trino import Trino
from datameesh_cli.errors import UnhealthyError

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
