"""Whether two stacks show the same: facts about each, compared; and what is declared to be different, with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from datameesh_cli.core.check import Check
from datameesh_cli.core.expectation import Answer
from datameesh_cli.core.schema import declared, key, read
from datameesh_cli.core.volatile import of_words, shortened
from datameesh_cli.errors import UserError

UNSEEN = "not observed: "
"""How the value of a fact begins that a stack did not tell. It is the same as nothing, not even as itself."""
UNASKED = "not asked: "
"""How the value of a fact begins that a stack was not asked, because its check does not apply there."""


@declared
class DeclaredDifference:
    """A difference that is meant."""

    of: str = key("The facts, group/fact; `*` for anything.", pattern=r"/", example="kernel/* open-files")
    because: str = key("Why they differ.", pattern=r"\S", example="Kubernetes has no field for it")


@declared
class Differences:
    """What a stack on a cluster shows differently by design."""

    differences: list[DeclaredDifference] = key(
        "The differences that are meant.", example=[{"of": "a/b", "because": "so"}]
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that the two stacks show differently; None where one of them shows nothing. `because` is "" if nobody declared it."""

    fact: str
    compose: str | None
    kubernetes: str | None
    because: str


@dataclass(frozen=True, slots=True)
class Parity:
    """The comparison: facts that agree, by group, every difference, declarations that nothing bears out any more, and how many
    facts neither stack was asked, by the reason: those are not the same, they are not known."""

    same: Mapping[str, int]
    differences: tuple[Difference, ...]
    outdated: tuple[DeclaredDifference, ...]
    unasked: Mapping[str, int]

    @property
    def undeclared(self) -> tuple[Difference, ...]:
        """The differences that nobody declared."""
        return tuple(d for d in self.differences if not d.because)


def compare(
    compose: Mapping[str, str], kubernetes: Mapping[str, str], declared: Sequence[DeclaredDifference]
) -> Parity:
    """Given the facts of both stacks and the declared differences, return the comparison; the first that fits counts."""
    same: Counter[str] = Counter()
    unasked: Counter[str] = Counter()
    differences = []
    used: set[str] = set()
    for fact in sorted({*compose, *kubernetes}):
        here, there = compose.get(fact), kubernetes.get(fact)
        if here == there and str(here).startswith(UNASKED):
            unasked[str(here).removeprefix(UNASKED)] += 1
            continue
        if here == there and not str(here).startswith(UNSEEN):
            same[group_of(fact)] += 1
            continue
        reason = next((d for d in declared if fnmatchcase(fact, d.of)), None)
        if reason:
            used.add(reason.of)
        differences.append(Difference(fact, here, there, reason.because if reason else ""))
    outdated = tuple(d for d in declared if d.of not in used)
    return Parity(dict(sorted(same.items())), tuple(differences), outdated, dict(sorted(unasked.items())))


def group_of(fact: str) -> str:
    """Given a fact's name such as `memory/web`, return its group."""
    return fact.partition("/")[0]


def declared_from(data: Any, file: str) -> tuple[DeclaredDifference, ...]:
    """Given the content of the file of declared differences, return them. Raise UserError for what is not valid."""
    found = read(Differences, data, file).differences
    if twice := [of for of, count in Counter(d.of for d in found).items() if count > 1]:
        raise UserError(f"{file}: '{twice[0]}' is declared twice", "remove one of them")
    return tuple(found)


def normalised(check: Check, seen: Answer) -> str:
    """Given a check and what it observed, return that as text without what differs from run to run or by design."""
    if seen.error:
        return shortened("refused: " + of_words(seen.error))
    return check.action.normalised(seen, check.expect)
