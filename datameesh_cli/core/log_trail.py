"""Who did what, read from the logs that a database and a sign-in service write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) ?(.*)")
# log_line_prefix '%m [%p] %q%u@%d %a ': lines of the server itself end before the person.
_DATABASE = re.compile(
    r"\S+ \S+ \S+ \[\d+\] (?P<person>[^@\s]+)@(?P<database>\S+) (?P<source>.*?) ?"
    r"(?P<kind>LOG|ERROR|FATAL|PANIC|WARNING|STATEMENT):  (?P<text>.*)"
)
_SIGN_IN = re.compile(r'msg="?[^"]*\b(?:login|log in|password|credentials)\b', re.IGNORECASE)
_NAMED = re.compile(r'\b(?:preferred_username|username|user|login)="?([^" ]+)')
_SAID = re.compile(r'msg=(?:"((?:[^"\\]|\\.)*)"|(\S+))')
_AUTHENTICATION = (
    "connection authorized",
    "connection authenticated",
    "password authentication failed",
    "pg_hba.conf rejects",
    "no pg_hba.conf entry",
)


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a log that tells of a person or a program: when, who, at which service, in which database, by what, what."""

    at: str
    person: str
    service: str
    database: str
    source: str
    kind: str
    text: str


def database_happenings(service: str, lines: Iterable[str]) -> tuple[Happening, ...]:
    """Given a database's log, each line after its time, return what persons and programs did in it.

    The statement that an error belongs to is on a line of its own, and its further lines are part of it.
    """
    found: list[Happening] = []
    ours = False
    for at, text in _stamped(lines):
        line = _DATABASE.fullmatch(text)
        if line:
            found.append(
                Happening(at, line["person"], service, line["database"], line["source"], line["kind"], line["text"])
            )
        elif ours and text.startswith("\t"):
            last = found[-1]
            found[-1] = Happening(
                last.at, last.person, service, last.database, last.source, last.kind, f"{last.text} {text.strip()}"
            )
        ours = bool(line) or (ours and text.startswith("\t"))
    return tuple(found)


def authentications(happenings: Iterable[Happening]) -> tuple[Happening, ...]:
    """Given what happened in a database, return those lines that tell of somebody who came in, or was not let in."""
    return tuple(h for h in happenings if any(word in h.text for word in _AUTHENTICATION))


def sign_ins(service: str, lines: Iterable[str]) -> tuple[Happening, ...]:
    """Given the log of a sign-in service, each line after its time, return who signed in there, or tried to."""
    found = []
    for at, text in _stamped(lines):
        if not _SIGN_IN.search(text):
            continue
        who, said = _NAMED.search(text), _SAID.search(text)
        level = re.search(r"\blevel=(\w+)", text)
        message = (said[1] or said[2] or "") if said else text
        found.append(Happening(at, who[1] if who else "", service, "", "", level[1].upper() if level else "", message))
    return tuple(found)


def _stamped(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        stamped = _STAMP.fullmatch(line)
        if stamped:
            yield stamped[1][:23].replace("T", " ").removesuffix("Z"), stamped[2]
