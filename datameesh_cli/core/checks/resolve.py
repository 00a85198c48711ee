"""Host names, looked up inside."""

from __future__ import annotations

from datameesh_cli.core.expectation import Answer, Expect, OfProgram
from datameesh_cli.core.kind import Kind, Needs, Primitives, Texts
from datameesh_cli.core.schema import Flag, declared, key

SCRIPT = """
for name in "$@"; do
  line=$(getent hosts "$name") && echo "$name ${line%% *}" || { echo "$name does not resolve"; bad=1; }
done
exit ${bad:-0}
"""
"""Looks its arguments up; for a shell in any Debian image on the stack's network."""


def _one_address(wanted: bool, seen: Answer) -> str:
    addresses = sorted({str(row[1]) for row in seen.rows})
    return "" if (len(addresses) == 1) is wanted else f"addresses: {', '.join(addresses) or 'none'}"


@declared
class OfNames(OfProgram):
    """What can be expected of names."""

    judges = {"one_address": _one_address} | OfProgram.judges

    one_address: Flag = key("Whether they all lead to one address.", default=None, example=True)


@declared
class Resolve(Kind):
    """Host names, looked up from a container on the network that uses the first of them: rows (name, address)."""

    called = "resolve"
    short = "names"
    expects = OfNames

    names: Texts = key("The names.", example=["orders-db"], min_length=1)

    @property
    def needs(self) -> Needs:
        return Needs()

    def run(self, stack: Primitives) -> Answer:
        # A short name means something only where it is used.
        done = stack.run_near(self.names[0].partition(".")[0], ["sh", "-c", SCRIPT, "resolve", *self.names])
        text = done.out + done.err
        found = [tuple(line.split(" ")) for line in text.splitlines()]
        return Answer(("name", "address"), tuple(f for f in found if len(f) == 2), exit=done.code, text=text)

    def normalised(self, seen: Answer, expect: Expect) -> str:  # noqa: ARG002
        return f"exit code {seen.exit}: " + ", ".join(str(row[0]) for row in seen.rows)
