"""What a check may ask of a running stack, wherever it runs. Compose is one such target; a cluster is another."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Protocol

from datameesh_cli.core.checks import Http
from datameesh_cli.core.expectation import Observation

PSQL_NULL = "\\N"
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
