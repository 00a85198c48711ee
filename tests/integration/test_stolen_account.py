"""Another user of this machine, without `.dm`, gets no data: not from what is published, a container's address, Thrift or a file.

The same for a container that no edge leads from. Everything is on: people, certificates, rules of the network, sign-in, audit.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 - where Python lies in a home folder, another user imports nothing more
import http.client
import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import pytest

from tests.integration.inside import (
    BYSTANDER,
    containers,
    everyone,
    needs_networks_of_this_machine,
    places,
    run_as,
)
from tests.integration.metastore import question
from tests.integration.stack import Stack, docker

pytestmark = needs_networks_of_this_machine

T = TypeVar("T")
NOBODY = 65534
PUBLISHED = {"trino-coordinator:8443", "minio:9000", "minio:9001", "sign-in:5556"}
BY_PORT = {"TRINO_PORT": 8443, "MINIO_API_PORT": 9000, "MINIO_CONSOLE_PORT": 9001, "SIGN_IN_PORT": 5556}
HEADERS = {"X-Trino-User": "admin", "Content-Type": "application/json"}
DATABASES = question("get_all_databases")

# What is asked without a login, and what comes back. Written by hand: a refusal each time.
ASKED = """
TRINO_PORT POST /v1/statement 401
TRINO_PORT GET /v1/query 401
TRINO_PORT GET /v1/node 401
TRINO_PORT GET /v1/thread 401
TRINO_PORT GET /v1/jmx/mbean 401
TRINO_PORT GET /metrics 401
TRINO_PORT GET /ui/api/stats 401
TRINO_PORT GET /ui/api/query 401
TRINO_PORT GET /v1/task 403
TRINO_PORT PUT /v1/info/state 401
MINIO_API_PORT GET / 403
MINIO_API_PORT GET /datalake 403
MINIO_API_PORT GET /datalake?list-type=2&prefix=raw/sales/ 403
MINIO_API_PORT GET /backups 403
MINIO_API_PORT PUT /datalake/raw/sales/stolen.csv 403
MINIO_API_PORT DELETE /datalake 403
MINIO_API_PORT GET /minio/admin/v3/list-users 403
MINIO_API_PORT GET /minio/v2/metrics/cluster 403
MINIO_CONSOLE_PORT GET /api/v1/buckets 403
MINIO_CONSOLE_PORT GET /api/v1/session 403
SIGN_IN_PORT GET /userinfo 401
SIGN_IN_PORT POST /token 400
SIGN_IN_PORT GET /metrics 404
SIGN_IN_PORT GET /debug/pprof/ 404
"""


def _become_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def as_another_user(ask: Callable[..., T], *args: object) -> T:
    """Call a function in a child that is another user, and return its result."""
    with ProcessPoolExecutor(1, get_context("fork"), _become_nobody) as child:
        assert child.submit(os.getuid).result() == NOBODY
        return child.submit(ask, *args).result()


def reached(addresses: list[str]) -> set[str]:
    """Those that a connection can be opened to, on a busy machine as well: what is shut costs this patience once for all."""

    def opens(address: str) -> bool:
        host, _, port = address.partition(":")
        try:
            socket.create_connection((host, int(port)), timeout=8).close()
        except OSError:
            return False
        return True

    with ThreadPoolExecutor(32) as pool:
        return {address for address, there in zip(addresses, pool.map(opens, addresses), strict=True) if there}


def answered(requests: list[tuple[str, str, str]], ports: Mapping[str, tuple[str, int]]) -> list[str]:
    """What comes back of each request at one of two schemes, in the words of the table; `nothing` where nobody answers."""

    def one(request: tuple[str, str, str]) -> str:
        variable, method, path = request
        host, port = ports[variable]
        tls = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(host, port, timeout=20, context=tls)
        with closing(connection):
            try:
                connection.request(method, path, body="SELECT 1" if method != "GET" else None, headers=HEADERS)
                status = str(connection.getresponse().status)
            except OSError as failed:
                status = f"nothing ({failed})"
        return " ".join((*request, status))

    return [one(request) for request in requests]


def thrift(address: str) -> str:
    """The names of the metastore's databases, or why there are none."""
    host, _, port = address.partition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(DATABASES)
            return connection.recv(4096).decode("utf-8", "replace")
    except OSError as failed:
        return type(failed).__name__


def opened(paths: list[str]) -> list[str]:
    """Those that this user may read."""
    found = []
    for path in paths:
        with suppress(OSError), Path(path).open("rb"):
            found.append(path)
    return found


def command_lines() -> str:
    """What every user sees of every process."""

    def texts() -> Iterator[str]:
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                yield (process / "cmdline").read_text(errors="replace")

    return "\n".join(texts())


def published(stack: Stack) -> dict[str, int]:
    """Each port of this machine that leads to the stack, by its variable."""
    running = containers(stack)
    return {
        p.variable: int(docker("port", running[s.name], str(p.inside)).rpartition(":")[2])
        for s in stack.adapters.repository.model().services
        for p in s.ports
        if s.name in running
    }


def test_of_the_containers_another_user_reaches_what_is_published_and_nothing_else(stack: Stack) -> None:
    there = places(stack)
    assert {there[a] for a in reached(list(there))} == set(there.values()), "they are there: root reaches them"
    assert "hive-metastore:9083" in there.values()
    assert {there[a] for a in as_another_user(reached, list(there))} == PUBLISHED


def test_without_a_login_nothing_that_is_published_answers_with_data(stack: Stack) -> None:
    """By the ports of this machine, and by the containers' own addresses."""
    lines = ASKED.split("\n")[1:-1]
    requests = [(words[0], words[1], words[2]) for words in map(str.split, lines)]
    model = stack.adapters.repository.model()
    ports = published(stack)
    assert ports.keys() == BY_PORT.keys() == {words[0] for words in requests}, "each has its questions"
    addresses = {s.name: c.address for s in model.services for c in stack.containers().values() if c.service == s.name}
    services = {p.variable: s.name for s in model.services for p in s.ports}
    for where in (
        {name: ("127.0.0.1", port) for name, port in ports.items()},
        {name: (addresses[services[name]], port) for name, port in BY_PORT.items()},
    ):
        assert as_another_user(answered, requests, where) == lines


def test_the_plain_way_into_the_query_engine_is_shut(stack: Stack) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", published(stack)["TRINO_PORT"], timeout=20)
    with closing(connection), pytest.raises((OSError, http.client.HTTPException)):
        connection.request("POST", "/v1/statement", body="SELECT 1", headers=HEADERS)
        connection.getresponse()


def test_the_metastore_tells_its_databases_to_root_and_to_whom_an_edge_leads_from_alone(stack: Stack) -> None:
    (address,) = (a for a, place in places(stack).items() if place == "hive-metastore:9083")
    assert "default" in thrift(address), "the call is one that it answers"
    assert as_another_user(thrift, address) == "TimeoutError"
    spelt = "".join(f"\\x{byte:02x}" for byte in DATABASES)
    ask = f"exec 3<>/dev/tcp/{address.replace(':', '/')} && printf '{spelt}' >&3 && timeout 2 cat <&3 | tr -dc '[:print:]'"
    running = containers(stack)
    others = [who for who in everyone(stack) if who != "hive-metastore"]
    with ThreadPoolExecutor(4) as pool:
        told = dict(zip(others, pool.map(lambda w: _asked_in(stack, running, w, ask), others), strict=True))
    assert {who for who, answer in told.items() if "default" in answer} == {"trino-coordinator", "trino-worker"}
    assert {told[who] for who in others if not who.startswith("trino-")} == {"shut\n"}
    assert BYSTANDER in told


def _asked_in(stack: Stack, running: Mapping[str, str], who: str, script: str) -> str:
    return run_as(stack, running, who, "bash", "-c", 'timeout 5 bash -c "$1" 2> /dev/null || echo shut', "ask", script)


def test_another_user_reads_no_file_of_the_stack_and_no_secret_in_a_list_of_processes(stack: Stack) -> None:
    state = stack.adapters.state
    files = [str(path) for path in state.folder.rglob("*") if path.is_file()]
    assert len(opened(files)) == len(files) > 20
    assert as_another_user(opened, [*files, "/var/run/docker.sock"]) == []
    assert oct(state.folder.stat().st_mode & 0o777) == "0o700", "not by a folder above it alone"
    seen = as_another_user(command_lines)
    assert "trino" in seen
    assert [name for name in state.secret_names() if len(value := state.secret(name)) > 12 and value in seen] == []
