"""SQL text, cut into statements. It knows quotes and comments, and nothing else of SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What may hold a semicolon that ends nothing. An alternative without its end matches to the end of the text.
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<quoted>'(?:[^']|'')*(?:'|\Z)|"(?:[^"]|"")*(?:"|\Z))
      | (?P<end>;)
      | (?P<space>\s+)
      | (?P<other>[^-'"/;\s]+|.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement without its semicolon, and the line and column (from 1) at which it begins in the whole text."""

    text: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Split:
    """The finished statements of a text, and what stands after the last semicolon ("" if only space and comments do)."""

    statements: tuple[Statement, ...]
    rest: Statement | None

    @property
    def all(self) -> tuple[Statement, ...]:
        """Every statement; the last one needs no semicolon."""
        return (*self.statements, self.rest) if self.rest else self.statements


def split(text: str) -> Split:
    """Given SQL text, return its statements. Semicolons in quotes and comments end nothing; empty statements are left out."""
    done: list[Statement] = []
    begin: int | None = None
    line, counted, end = 1, 0, 0
    for token in _TOKEN.finditer(text):
        if token["end"]:
            if begin is not None:
                done.append(_statement(text, begin, end, line))
            begin = None
        elif token["quoted"] or token["other"]:
            if begin is None:
                begin = token.start()
                line, counted = line + text.count("\n", counted, begin), begin
            end = token.end()
    return Split(tuple(done), _statement(text, begin, len(text.rstrip()), line) if begin is not None else None)


def statements(text: str) -> tuple[Statement, ...]:
    """Given SQL text, return all its statements; the last one needs no semicolon."""
    return split(text).all


def place_in_whole(statement: Statement, line: int, column: int) -> tuple[int, int]:
    """Given a statement and a place inside it (from 1), return the place in the whole text."""
    return (statement.line + line - 1, column + statement.column - 1 if line == 1 else column)


def _statement(text: str, begin: int, end: int, line: int) -> Statement:
    return Statement(text[begin:end], line, begin - text.rfind("\n", 0, begin))


def quoted(name: str) -> str:
    """Given the name of a table or column, return it as an identifier of SQL, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
