"""SQL through the query engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from datameesh_cli.core import sql_text
from datameesh_cli.core.expectation import Answer, Expect, OfTable, text_of
from datameesh_cli.core.kind import Kind, Needs, Primitives
from datameesh_cli.core.roles import SQL
from datameesh_cli.core.schema import Wrong, declared, key
from datameesh_cli.core.volatile import of_rows, shortened

_ORDERED = {"rows", "scalar"}
_ABOUT_COLUMNS = {"columns", "first_columns", "max_seconds"}


def normalised_table(seen: Answer, expect: Expect) -> str:
    """Given a table and what was expected of it, return it as text; the order of rows counts where the check says so."""
    said = set(expect.said)
    if said <= _ABOUT_COLUMNS:
        # Any row would do, so which one came says nothing.
        return " | ".join(seen.columns)
    lines = [" | ".join("NULL" if cell is None else str(text_of(cell)) for cell in row) for row in seen.rows]
    if not _ORDERED & said:
        lines.sort()
    return shortened(of_rows("\n".join([" | ".join(seen.columns), *lines])))


@declared
class Sql(Kind):
    """Statements through the query engine, in one session; the last one's result counts."""

    called = "sql"
    short = "statement"
    expects = OfTable

    statement: str = key("The statements.", default="", example="SELECT 1")
    file: str = key("A file of statements instead.", default="", example="services/engine/queries/journey.sql")
    then: str = key("More statements after the file's.", default="", example="SELECT 1")
    user: str = key("Who asks.", default="admin")

    def __post_init__(self) -> None:
        if not self.statement.strip() and not self.file:
            raise Wrong("it has neither a statement nor a file", "write sql: SELECT 1, or sql: {file: a.sql}")
        if self.then and not self.file:
            raise Wrong("`then` is SQL that follows a file", "write sql: {file: a.sql, then: SELECT 1}")

    @property
    def needs(self) -> Needs:
        return Needs(roles=(SQL,))

    @property
    def files(self) -> tuple[str, ...]:
        return (self.file,) if self.file else ()

    def with_files(self, texts: Mapping[str, str]) -> Sql:
        if not self.file:
            return self
        after = f";\n{self.then}" if self.then else ""
        return replace(self, statement=texts[self.file].rstrip().removesuffix(";") + after)

    def run(self, stack: Primitives) -> Answer:
        return stack.sql([s.text for s in sql_text.statements(self.statement)], self.user)

    def normalised(self, seen: Answer, expect: Expect) -> str:
        return normalised_table(seen, expect)
