"""A way to a port inside a container that publishes none: straight to its address, or through `docker exec`.

On Linux the engine's networks are the host's, and a container's address can be reached. Where the engine runs in a virtual
machine (Docker Desktop), it can't: then a listener on the loopback interface hands each connection to a process in the
container, which needs nothing there but bash.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from datameesh_cli.adapters import docker, process
from datameesh_cli.core.stack import LOOPBACK
from datameesh_cli.errors import DmError, HostError

_REACH_SECONDS = 1.0
_PIECE = 1 << 17
# bash opens the socket, two cats move the bytes, and when either side ends, both do. The last `wait` is vital: an orphan would
# become a child of the container's first process, and PostgreSQL takes a child that a signal ended for a crashed backend,
# and restarts.
_INSIDE = (
    "exec 3<>/dev/tcp/127.0.0.1/{port} || exit 1; "
    "cat <&0 >&3 & into=$!; cat <&3 & from=$!; wait -n; kill $into $from 2>/dev/null; wait"
)

Begin = Callable[[], "process.Piped | None"]
"""Starts the process in the container; None where it cannot be started."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and port that can be connected to from here, and how the way leads: "direct" or "tunnel"."""

    host: str
    port: int
    way: str


@contextmanager
def reach(container: str, address: str, port: int, *, direct: bool | None = None) -> Iterator[Endpoint]:
    """Given a container, its address and a port that it listens on, yield an endpoint that leads there while the block lasts.

    `direct` forces or forbids the straight way; by default it is tried first.
    """
    if direct or (direct is None and address and _answers(address, port)):
        yield Endpoint(address, port, "direct")
        return
    with reach_through(docker.command("exec", "-i", container), port) as endpoint:
        yield endpoint


@contextmanager
def reach_through(inside: Sequence[str], port: int) -> Iterator[Endpoint]:
    """Given the words before a command that is to run beside a listener, yield an endpoint that leads to the listener's port."""
    # What a thread cannot raise: why no process in the container could be started. Whoever gets no answer hears it instead.
    refused: list[HostError] = []

    def begin() -> process.Piped | None:
        try:
            return process.pipe([*inside, "bash", "-c", _INSIDE.format(port=port)])
        except HostError as failed:
            refused.append(failed)
            return None

    with _listening() as listener:
        threading.Thread(target=_serve, args=(listener, begin), daemon=True).start()
        try:
            yield Endpoint(LOOPBACK, listener.getsockname()[1], "tunnel")
        except DmError as unanswered:
            if refused:
                raise refused[0] from unanswered
            raise
        finally:
            # Wakes the accept that waits: on Linux, closing alone does not; elsewhere there is nothing to shut down.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _listening() -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, 0))
    except OSError as taken:
        raise HostError(
            f"no port could be opened on {LOOPBACK}: {taken.strerror}", "see: ip addr; ulimit -n"
        ) from taken


def _answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=_REACH_SECONDS).close()
    except OSError:
        return False
    return True


def _serve(listener: socket.socket, begin: Begin) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_tunnel, args=(client, begin), daemon=True).start()


def _tunnel(client: socket.socket, begin: Begin) -> None:
    child = begin()
    if child is None:
        client.close()
        return
    assert child.stdin and child.stdout
    into, out = child.stdin, child.stdout
    back = threading.Thread(target=_drain, args=(out, client), daemon=True)
    back.start()
    with suppress(OSError):
        while piece := client.recv(_PIECE):
            into.write(piece)
            into.flush()
    with suppress(OSError):
        into.close()
    back.join(5)
    child.terminate()
    child.wait()
    out.close()
    client.close()


def _drain(out: IO[bytes], client: socket.socket) -> None:
    with suppress(OSError):
        # read1 is what BufferedReader has and IO does not say: whatever is there, without waiting for a full piece.
        while piece := out.read1(_PIECE):  # type: ignore[attr-defined]
            client.sendall(piece)
    with suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)
