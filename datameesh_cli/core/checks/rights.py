"""What several people may do with several objects."""

from __future__ import annotations

from datameesh_cli.core.checks.sql import normalised_table
from datameesh_cli.core.expectation import Answer, Expect, OfTable
from datameesh_cli.core.kind import Kind, Needs, Primitives, Texts
from datameesh_cli.core.roles import SQL
from datameesh_cli.core.schema import Text, declared, key
from datameesh_cli.errors import SqlError

REFUSED, ANOTHER_ERROR = "-", "x"
_ACCESS_DENIED = "Access Denied"


@declared
class Rights(Kind):
    """What people may do with objects of the query engine: rows (person, a cell for each object). A cell has a sign for each action
    in turn: its letter, `-` where it is refused, `x` where something else is wrong with the statement."""

    called = "rights"
    expects = OfTable

    people: Texts = key("Who asks.", example=["admin", "alex"], min_length=1)
    objects: Texts = key("The objects, such as tables.", example=["orders.public.orders"], min_length=1)
    actions: dict[str, Text] = key(
        "A statement for each letter. It should change nothing when it is allowed. `{object}` stands for the object, `{place}` for "
        "what it lies in.",
        example={"r": "EXPLAIN (TYPE VALIDATE) TABLE {object}"},
        min_length=1,
    )

    @property
    def needs(self) -> Needs:
        return Needs(roles=(SQL,))

    def run(self, stack: Primitives) -> Answer:
        rows = [(person, *(self._cell(stack, person, each) for each in self.objects)) for person in self.people]
        return Answer(columns=("person", *self.objects), rows=tuple(rows))

    def normalised(self, seen: Answer, expect: Expect) -> str:
        return normalised_table(seen, expect)

    def _cell(self, stack: Primitives, person: str, thing: str) -> str:
        place = thing.rpartition(".")[0]
        filled = {
            letter: text.replace("{object}", thing).replace("{place}", place) for letter, text in self.actions.items()
        }
        return "".join(_sign(stack, person, letter, text) for letter, text in filled.items())


def _sign(stack: Primitives, person: str, letter: str, statement: str) -> str:
    try:
        stack.sql([statement], person)
    except SqlError as refused:
        return REFUSED if _ACCESS_DENIED in refused.message else ANOTHER_ERROR
    return letter
