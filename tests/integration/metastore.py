"""Two Thrift calls that tests make to the metastore themselves, so that what is refused is refused by it and not by Trino."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress

_VERSION_1_CALL = 0x80010001
_STRING, _STRUCT, _BOOL, _STOP = 11, 12, 2, b"\0"
_REPLY = 2


class MetastoreRefused(Exception):
    """The metastore answered a call with an exception of its own; the text holds all that it said."""


def create_database(host: str, port: int, name: str, location: str, patience: float) -> None:
    """Ask for a database whose folder lies at `location`; the metastore makes that folder. Raise MetastoreRefused."""
    database = _text(1, name) + _text(2, "") + _text(3, location) + _STOP
    _call(host, port, "create_database", _field(_STRUCT, 1) + database, patience)


def drop_database(host: str, port: int, name: str, patience: float) -> None:
    """Drop an empty database. Raise MetastoreRefused."""
    _call(host, port, "drop_database", _text(1, name) + _field(_BOOL, 2) + b"\0" + _field(_BOOL, 3) + b"\0", patience)


def question(method: str) -> bytes:
    """A call without arguments, as it is sent."""
    return struct.pack(">II", _VERSION_1_CALL, len(method)) + method.encode() + struct.pack(">I", 1) + _STOP


def _call(host: str, port: int, method: str, arguments: bytes, patience: float) -> None:
    """TBinaryProtocol: a call, its arguments as one struct; the reply is an empty struct, or one with the exception in it."""
    head = struct.pack(">II", _VERSION_1_CALL, len(method)) + method.encode() + struct.pack(">I", 1)
    with socket.create_connection((host, port), timeout=patience) as connection:
        connection.sendall(head + arguments + _STOP)
        got = b""
        while len(got) <= len(head):
            part = connection.recv(4096)
            assert part, f"the metastore ended the connection after {got!r}"
            got += part
        assert got[3] == _REPLY, got
        if got[len(head) : len(head) + 1] != _STOP:
            connection.settimeout(1)
            with suppress(TimeoutError):
                got += connection.recv(65536)
            raise MetastoreRefused(got[len(head) :].decode("utf-8", "replace"))


def _field(kind: int, number: int) -> bytes:
    return struct.pack(">bh", kind, number)


def _text(number: int, text: str) -> bytes:
    return _field(_STRING, number) + struct.pack(">I", len(text.encode())) + text.encode()
