"""The ways in from outside the stack."""

from __future__ import annotations

from datameesh_cli.core.expectation import Answer, Expect, OfRows
from datameesh_cli.core.kind import Kind, Needs, Primitives, Texts
from datameesh_cli.core.schema import declared, key
from datameesh_cli.core.volatile import shortened


@declared
class Published(Kind):
    """The ports by which services can be reached from outside: rows (service, port inside, address, port outside)."""

    called = "published"
    short = "services"
    expects = OfRows

    services: Texts = key("The services.", example=["orders-db"], min_length=1)

    @property
    def needs(self) -> Needs:
        return Needs(services=self.services)

    def run(self, stack: Primitives) -> Answer:
        return stack.published(self.services)

    def normalised(self, seen: Answer, expect: Expect) -> str:  # noqa: ARG002
        """Addresses and ports outside are the stack's own."""
        return shortened("; ".join(f"{row[0]}:{row[1]}" for row in sorted(seen.rows)) or "none")
