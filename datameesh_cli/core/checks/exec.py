"""A command inside a container."""

from __future__ import annotations

from datameesh_cli.core.expectation import Answer, Expect, OfProgram
from datameesh_cli.core.kind import Kind, Needs, Primitives, Word
from datameesh_cli.core.schema import Text, declared, key
from datameesh_cli.core.volatile import of_words, shortened


@declared
class Exec(Kind):
    """A command inside a service's container; for a job, in a container of its own."""

    called = "exec"
    expects = OfProgram

    service: Text = key("The service.", example="orders-db")
    command: tuple[Word, ...] = key("The command's words.", example=["sh", "-c", "..."], min_length=1)

    @property
    def needs(self) -> Needs:
        return Needs(services=(self.service,))

    def run(self, stack: Primitives) -> Answer:
        done = stack.run(self.service, self.command)
        return Answer(exit=done.code, text=done.out + done.err)

    def normalised(self, seen: Answer, expect: Expect) -> str:  # noqa: ARG002
        return shortened(f"exit code {seen.exit}: {of_words(seen.text)}")
