"""SQL inside a database's container."""

from __future__ import annotations

import csv

from datameesh_cli.core.checks.sql import normalised_table
from datameesh_cli.core.expectation import Answer, Expect, OfTable
from datameesh_cli.core.kind import Kind, Needs, Primitives
from datameesh_cli.core.schema import Text, declared, key

OWNER = "owner"
"""Whom a domain's database belongs to. Not its superuser: what somebody hung on a table would run as who reads it."""
NULL = "\\N"
_FLAGS = ("-X", "-q", "--csv", "-P", f"null={NULL}", "-v", "ON_ERROR_STOP=1", "-v", "SHOW_ALL_RESULTS=off")


@declared
class Psql(Kind):
    """A statement inside a database's container, on its local socket."""

    called = "psql"
    expects = OfTable

    service: Text = key("The database's service.", example="orders-db")
    database: Text = key("The database in it.", example="orders_db")
    sql: Text = key("The statement.", example="SELECT 1")
    user: str = key("Who asks.", default=OWNER)

    @property
    def needs(self) -> Needs:
        return Needs(services=(self.service,))

    def run(self, stack: Primitives) -> Answer:
        done = stack.run(self.service, ["psql", *_FLAGS, "-U", self.user, "-d", self.database, "-c", self.sql])
        if done.code:
            return Answer(error=" ".join(done.err.split()) or f"psql ended with exit code {done.code}")
        rows = csv.reader(done.out.splitlines(keepends=True))
        table = [tuple(None if cell == NULL else cell for cell in row) for row in rows]
        return Answer(columns=tuple(map(str, table[0])), rows=tuple(table[1:])) if table else Answer()

    def normalised(self, seen: Answer, expect: Expect) -> str:
        return normalised_table(seen, expect)
