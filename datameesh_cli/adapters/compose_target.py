"""The stack under Compose, as checks see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from datameesh_cli.adapters import answers, docker, tunnel
from datameesh_cli.adapters.compose import Compose
from datameesh_cli.adapters.engine import Engine
from datameesh_cli.adapters.network import network_name
from datameesh_cli.adapters.target import TIMEOUT, WAYS_IN, FromOutside
from datameesh_cli.core.expectation import Answer
from datameesh_cli.core.kind import Ended, ended
from datameesh_cli.core.stream import Stream
from datameesh_cli.errors import UnhealthyError


@dataclass(frozen=True)
class ComposeTarget(FromOutside):
    """A running Compose project: `jobs` are the services that run on demand, `image` has bash and getent."""

    engine: Engine
    compose: Compose
    jobs: frozenset[str]
    image: str
    consumers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Who may open a connection to a service, by the service's name."""
    kind: str = "compose"

    @cached_property
    def _containers(self) -> dict[str, str]:
        """The first running container of each service. Looked up once: a check asks dozens of times."""
        running = [c for c in self.engine.containers(self.compose.project) if c.status == "running"]
        return {c.service: c.name for c in reversed(running)}

    def run(self, service: str, command: Sequence[str]) -> Ended:
        """Given a command, run it inside a service's container, or a job's own."""
        if service in self.jobs:
            return ended(self.run_job(service, command))
        done = self.engine.exec(self._container(service), command, timeout=TIMEOUT)
        return Ended(done.code, done.out, done.err)

    def run_near(self, name: str, command: Sequence[str]) -> Ended:
        """Given a command, run it in a container of its own on the stack's network, in the name of a service that uses `name`."""
        users = [user for user in self.consumers.get(name, ()) if user != name]
        address = self.compose.stand_in(users[0]) if users else ""
        done = self.engine.run_once(self.image, network_name(self.compose.project), command, address)
        return Ended(done.code, done.out, done.err)

    def published(self, services: Sequence[str]) -> Answer:
        """Given services, return a row (service, port inside, address, port outside) for each way in from outside the stack."""
        return Answer(WAYS_IN, tuple(row for service in services for row in self._ways_in(service)))

    @property
    def running(self) -> frozenset[str]:
        """The services that run."""
        return frozenset(self._containers)

    @contextmanager
    def reach(self, service: str, port: int) -> Iterator[tunnel.Endpoint]:
        """Given a service and a port that it listens on, yield an endpoint that leads there, published or not."""
        name = self._container(service)
        found = next(c for c in self.engine.containers(self.compose.project) if c.name == name)
        with tunnel.reach(name, found.address, port) as endpoint:
            yield endpoint

    def log(self, service: str, since: str) -> tuple[str, ...]:
        """Given a service and a moment (ISO 8601), return what its container has logged since, each line after its time."""
        done = docker.run("logs", "--timestamps", "--since", since, self._container(service), timeout=TIMEOUT)
        if done.code:
            raise UnhealthyError(f"the engine does not tell the log of {service}: {answers.short(done.err)}")
        # Two streams, each in its order.
        return tuple(sorted((*done.out.splitlines(), *done.err.splitlines()), key=lambda line: line[:30]))

    def run_job(self, service: str, arguments: Sequence[str], command: Sequence[str] = ()) -> Stream[int]:
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
            inside, _, adapters = line.partition(" -> ")
            address, _, port = adapters.rpartition(":")
            with answers.understood("docker port"):
                way = (service, int(inside.split("/")[0]), address, int(port))
            yield way

    def _container(self, service: str) -> str:
        if service not in self._containers:
            raise UnhealthyError(f"{service} does not run", f"see: ./dm why {service}")
        return self._containers[service]
