"""The stack under Compose, as checks see it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from datameesh_cli.adapters import answers, docker, http, relay
from datameesh_cli.adapters.compose import Compose
from datameesh_cli.adapters.engine import Engine
from datameesh_cli.adapters.object_store import ObjectStore
from datameesh_cli.adapters.target import (
    PUBLISHED,
    RESOLVE_SCRIPT,
    psql_command,
    psql_observation,
    resolve_observation,
    run_statements,
)
from datameesh_cli.adapters.trino import Trino
from datameesh_cli.core.checks import Http
from datameesh_cli.core.expectation import Observation, listed
from datameesh_cli.errors import UnhealthyError

TIMEOUT = 120
"""Seconds after which anything that a check asks for is given up."""


@dataclass(frozen=True)
class ComposeTarget:
    """A running Compose project: `ports` are host ports by variable at `address`, `jobs` the services that run on demand,
    `image` one that has a shell and getent."""

    engine: Engine
    compose: Compose
    trino: Trino
    store: ObjectStore | None
    address: str
    ports: Mapping[str, int]
    jobs: frozenset[str]
    image: str
    kind: str = "compose"

    @cached_property
    def _containers(self) -> dict[str, str]:
        """The first running container of each service. Looked up once: a check asks dozens of times."""
        running = [c for c in self.engine.containers(self.compose.project) if c.status == "running"]
        return {c.service: c.name for c in reversed(running)}

    def sql(self, statements: Sequence[str], user: str) -> Observation:
        """Given statements, run them in one session of Trino and return the last one's result.

        Raise DmError, with Trino's message, for the first that is refused.
        """
        return run_statements(self.trino, statements, user, TIMEOUT)

    def psql(self, service: str, database: str, statement: str, user: str) -> Observation:
        """Given a statement, run it inside a database's container on the local socket; `error` holds a refusal."""
        done = self.engine.exec(self._container(service), psql_command(database, user, statement), timeout=TIMEOUT)
        return psql_observation(done.code, done.out, done.err)

    def exec(self, service: str, command: Sequence[str]) -> Observation:
        """Given a command, run it inside a service's container, or a job's own, and return exit code and text."""
        if service in self.jobs:
            return listed(self.run_job(service, command))
        done = self.engine.exec(self._container(service), command, timeout=TIMEOUT)
        return Observation(exit=done.code, text=done.out + done.err)

    def http(self, asked: Http) -> Observation:
        """Given a request to a published port, send it from outside the stack."""
        url = f"http://{self.address}:{self.ports[asked.port]}{asked.path}"
        answer = http.request(asked.method, url, headers=dict(asked.headers), body=asked.body)
        return Observation(status=answer.status, text=answer.text)

    def s3_list(self, place: str) -> Observation:
        """Given `bucket/prefix`, return a row (key, size) for each object below it."""
        if self.store is None:
            raise UnhealthyError("this stack has no object store", "start one: ./dm up --profile analytics")
        bucket, _, prefix = place.partition("/")
        return Observation(("key", "size"), tuple((o.key, o.size) for o in self.store.list(bucket, prefix)))

    def resolve(self, names: Sequence[str]) -> Observation:
        """Given host names, look them up inside the stack's network: rows (name, address), exit code 1 if one is unknown."""
        network = f"{self.compose.project}_mesh"
        done = self.engine.run_once(self.image, network, ["sh", "-c", RESOLVE_SCRIPT, "resolve", *names])
        return resolve_observation(done.code, done.out + done.err)

    def published(self, services: Sequence[str]) -> Observation:
        """Given services, return a row (service, port inside, address, port outside) for each way in from outside the stack."""
        rows = tuple(row for service in services for row in self._ways_in(service))
        return Observation(PUBLISHED, rows)

    @property
    def running(self) -> frozenset[str]:
        """The services that run."""
        return frozenset(self._containers)

    @contextmanager
    def reach(self, service: str, port: int) -> Iterator[relay.Endpoint]:
        """Given a service and a port that it listens on, yield an endpoint that leads there, published or not."""
        name = self._container(service)
        found = next(c for c in self.engine.containers(self.compose.project) if c.name == name)
        with relay.reach(name, found.address, port) as endpoint:
            yield endpoint

    def run_job(self, service: str, arguments: Sequence[str], command: Sequence[str] = ()) -> Generator[str, None, int]:
        """Given a job and its arguments, run it in a container of its own and yield its lines; the generator returns the exit code.

        `command` takes the place of the image's own program.
        """
        code = yield from self.compose.run_job(service, arguments, program=command)
        return code

    def _ways_in(self, service: str) -> Iterator[tuple[str, int, str, int]]:
        done = docker.run("port", self._container(service), timeout=TIMEOUT)
        if done.code:
            raise UnhealthyError(f"the engine does not tell the ports of {service}: {answers.short(done.err)}")
        for line in done.out.splitlines():
            inside, _, outside = line.partition(" -> ")
            address, _, port = outside.rpartition(":")
            with answers.understood("docker port"):
                way = (service, int(inside.split("/")[0]), address, int(port))
            yield way

    def _container(self, service: str) -> str:
        if service not in self._containers:
            raise UnhealthyError(f"{service} does not run", f"see: ./dm why {service}")
        return self._containers[service]
