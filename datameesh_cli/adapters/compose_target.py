"""The stack under Compose, as checks see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from datameesh_cli.adapters import http, process
from datameesh_cli.adapters.compose import Compose
from datameesh_cli.adapters.engine import Engine
from datameesh_cli.adapters.object_store import ObjectStore
from datameesh_cli.adapters.target import (
    RESOLVE_SCRIPT,
    psql_command,
    psql_observation,
    resolve_observation,
)
from datameesh_cli.adapters.trino import Trino
from datameesh_cli.core.checks import Http
from datameesh_cli.core.expectation import Observation
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
        session = self.trino.session(user, timeout=TIMEOUT)
        results = [session.query(statement) for statement in statements]
        return Observation(tuple(c.name for c in results[-1].columns), results[-1].rows) if results else Observation()

    def psql(self, service: str, database: str, statement: str, user: str) -> Observation:
        """Given a statement, run it inside a database's container on the local socket; `error` holds a refusal."""
        done = self.engine.exec(self._container(service), psql_command(database, user, statement), timeout=TIMEOUT)
        return psql_observation(done.code, done.out, done.err)

    def exec(self, service: str, command: Sequence[str]) -> Observation:
        """Given a command, run it inside a service's container, or a job's own, and return exit code and text."""
        if service in self.jobs:
            return self._run_job(service, command)
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
        return Observation(("service", "inside", "address", "port"), rows)

    def _ways_in(self, service: str) -> Iterator[tuple[str, int, str, int]]:
        done = process.run(["docker", "port", self._container(service)], timeout=TIMEOUT)
        if done.code:
            raise UnhealthyError(f"the engine does not tell the ports of {service}: {done.err.strip()}")
        for line in done.out.splitlines():
            inside, _, outside = line.partition(" -> ")
            address, _, port = outside.rpartition(":")
            yield service, int(inside.split("/")[0]), address, int(port)

    def _container(self, service: str) -> str:
        if service not in self._containers:
            raise UnhealthyError(f"{service} does not run", f"see: ./dm why {service}")
        return self._containers[service]

    def _run_job(self, service: str, command: Sequence[str]) -> Observation:
        lines, run = [], self.compose.run_job(service, command)
        while True:
            try:
                lines.append(next(run))
            except StopIteration as ended:
                return Observation(exit=int(ended.value), text="\n".join(lines))
