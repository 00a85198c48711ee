"""What a check may ask of a running stack, wherever it runs. Compose is one such target; a cluster is another."""

from __future__ import annotations

import csv
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from datameesh_cli.adapters.object_store import ObjectStore
from datameesh_cli.adapters.relay import Endpoint
from datameesh_cli.adapters.trino import Trino
from datameesh_cli.core.checks import Http
from datameesh_cli.core.expectation import Observation

PSQL_NULL = "\\N"
PUBLISHED = ("service", "inside", "address", "port")
"""The columns of `published`."""
RESOLVE_SCRIPT = """
for name in "$@"; do
  line=$(getent hosts "$name") && echo "$name ${line%% *}" || { echo "$name does not resolve"; bad=1; }
done
exit ${bad:-0}
"""
"""Looks its arguments up; for a shell in any Debian image on the stack's network."""


class Target(Protocol):
    """A running stack. Each method raises UnhealthyError if the thing asked does not answer at all."""

    @property
    def kind(self) -> str:
        """`compose` or `kubernetes`."""

    def sql(self, statements: Sequence[str], user: str) -> Observation:
        """Given statements, run them in one session of Trino and return the last one's result.

        Raise DmError, with Trino's message, for the first that is refused.
        """

    def psql(self, service: str, database: str, statement: str, user: str) -> Observation:
        """Given a statement, run it inside a database's container on the local socket; `error` holds a refusal."""

    def exec(self, service: str, command: Sequence[str]) -> Observation:
        """Given a command, run it inside a service's container, or a job's own, and return exit code and text."""

    def http(self, asked: Http) -> Observation:
        """Given a request to a published port, send it from outside the stack."""

    def s3_list(self, place: str) -> Observation:
        """Given `bucket/prefix`, return a row (key, size) for each object below it."""

    def resolve(self, names: Sequence[str]) -> Observation:
        """Given host names, look them up inside the stack's network: rows (name, address), exit code 1 if one is unknown."""

    def published(self, services: Sequence[str]) -> Observation:
        """Given services, return a row (service, port inside, address, port outside) for each way in from outside the stack."""


class Place(Target, Protocol):
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

    def run_job(self, service: str, arguments: Sequence[str], command: Sequence[str] = ()) -> Generator[str, None, int]:
        """Given a job and its arguments, run it in a container of its own and yield its lines; the generator returns the exit code.

        `command` takes the place of the image's own program.
        """


def run_statements(trino: Trino, statements: Sequence[str], user: str, timeout: float) -> Observation:
    """Given statements, run them in one session and return the last one's result. Raise DmError for the first that is refused."""
    session = trino.session(user, timeout=timeout)
    results = [session.query(statement) for statement in statements]
    return Observation(tuple(c.name for c in results[-1].columns), results[-1].rows) if results else Observation()


def psql_command(database: str, user: str, statement: str) -> list[str]:
    """Given a statement, return the psql call whose output `psql_observation` reads."""
    flags = ["-X", "-q", "--csv", "-P", f"null={PSQL_NULL}", "-v", "ON_ERROR_STOP=1", "-v", "SHOW_ALL_RESULTS=off"]
    return ["psql", *flags, "-U", user, "-d", database, "-c", statement]


def psql_observation(code: int, out: str, err: str) -> Observation:
    """Given what psql printed and its exit code, return it as a table, or as the refusal it was."""
    if code:
        return Observation(error=" ".join(err.split()) or f"psql ended with exit code {code}")
    table = [[None if cell == PSQL_NULL else cell for cell in row] for row in csv.reader(out.splitlines(keepends=True))]
    if not table:
        return Observation()
    return Observation(columns=tuple(str(name) for name in table[0]), rows=tuple(tuple(row) for row in table[1:]))


def resolve_observation(code: int, text: str) -> Observation:
    """Given what the look-up script printed and its exit code, return the names that were found with their addresses."""
    found = [line.split(" ") for line in text.splitlines()]
    return Observation(("name", "address"), tuple(tuple(f) for f in found if len(f) == 2), exit=code, text=text)
