"""A running stack, wherever it runs. Compose is one such target; a cluster is another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from datameesh_cli.adapters import http
from datameesh_cli.adapters.object_store import ObjectStore
from datameesh_cli.adapters.trino import Trino
from datameesh_cli.adapters.tunnel import Endpoint
from datameesh_cli.core.expectation import Answer
from datameesh_cli.core.kind import Primitives, Request, Trust
from datameesh_cli.core.stream import Stream
from datameesh_cli.errors import UnhealthyError

TIMEOUT = 120
"""Seconds after which anything that a check asks for is given up."""
WAYS_IN = ("service", "inside", "address", "port")
"""The columns of `published`."""


class ReachedStack(Primitives, Protocol):
    """A target that data can be loaded into and jobs run on."""

    @property
    def running(self) -> frozenset[str]:
        """The services that run."""

    @property
    def trino(self) -> Trino:
        """Its Trino; whether it runs is not said."""

    @property
    def store(self) -> ObjectStore | None:
        """Its object store with the root key, if the plan has one."""

    def reach(self, service: str, port: int) -> AbstractContextManager[Endpoint]:
        """Given a service and a port that it listens on, yield an endpoint that leads there, published or not."""

    def log(self, service: str, since: str) -> tuple[str, ...]:
        """Given a service and a moment (ISO 8601), return what its container has logged since, each line after its time."""

    def run_job(self, service: str, arguments: Sequence[str], command: Sequence[str] = ()) -> Stream[int]:
        """Given a job and its arguments, run it in a container of its own and yield its lines; the generator returns the exit code.

        `command` takes the place of the image's own program.
        """


@dataclass(frozen=True)
class FromOutside:
    """What is asked of a stack by its published ports, the same way wherever it runs: `ports` by variable, at `address`;
    `trusted` says of those that speak TLS who must answer there."""

    trino: Trino
    store: ObjectStore | None
    address: str
    ports: Mapping[str, int]
    trusted: Mapping[str, Trust]

    def sql(self, statements: Sequence[str], user: str) -> Answer:
        """Given statements, run them in one session and return the last one's result. Raise DmError for the first refusal."""
        session = self.trino.session(user, timeout=TIMEOUT)
        results = [session.query(statement) for statement in statements]
        return Answer(tuple(c.name for c in results[-1].columns), results[-1].rows) if results else Answer()

    def http(self, port: str, request: Request) -> Answer:
        """Given a port's variable and a request, send it."""
        if port not in self.ports:
            raise UnhealthyError(f"no way in leads to {port}", "see: ./dm urls")
        trust = self.trusted.get(port)
        url = f"{'https' if trust else 'http'}://{self.address}:{self.ports[port]}{request.path}"
        return http.request(url, request, trust=trust, password=self._password(request.user))

    def _password(self, user: str) -> str:
        return self.trino.password_of(user) if user and self.trino.password_of else ""

    def objects(self, place: str) -> Answer:
        """Given `bucket/prefix`, return a row (key, size) for each object below it."""
        if self.store is None:
            raise UnhealthyError("this stack has no object store", "its profile is not in force")
        bucket, _, prefix = place.partition("/")
        return Answer(("key", "size"), tuple((o.key, o.size) for o in self.store.list(bucket, prefix)))
