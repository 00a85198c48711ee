"""Who did what, read from the logs that a database and a sign-in service write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) ?(.*)")
# log_line_prefix '%m [%p] %q%u@%d %a ': lines of the server itself end before the person.
_DATABASE = re.compile(
    r"\S+ \S+ \S+ \[\d+\] (?P<person>[^@\s]+)@(?P<database>\S+) (?P<source>.*?) ?"
    r"(?P<kind>LOG|ERROR|FATAL|PANIC|WARNING|STATEMENT):  (?P<text>.*)"
)
_SIGN_IN = re.compile(r"\b(?:login|log in|password|credentials)\b", re.IGNORECASE)
# A line of keys and values, after whatever a logger puts before it; or one of JSON.
_PAIRS = re.compile(r'(?<!\S)([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"|(\S+))')
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
    """Given the log of a service that lets people in, each line after its time, return who signed in there, or tried to.

    A line says so in keys and values: `msg`, who (`preferred_username`, `username` or `user`), by which account (`connector_id`).
    """
    found = []
    for at, text in _stamped(lines):
        said = _said(text)
        message = str(said.get("msg", ""))
        if not _SIGN_IN.search(message):
            continue
        who = next((str(said[key]) for key in ("preferred_username", "username", "user") if said.get(key)), "")
        by = str(said.get("connector_id") or said.get("address") or "")
        found.append(Happening(at, who, service, "", by, str(said.get("level", "")).upper(), message))
    return tuple(found)


def _said(text: str) -> Mapping[str, object]:
    try:
        read = json.loads(text) if text.startswith("{") else None
    except ValueError:
        read = None
    return read if isinstance(read, dict) else {key: quoted or bare for key, quoted, bare in _PAIRS.findall(text)}


def _stamped(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        stamped = _STAMP.fullmatch(line)
        if stamped:
            yield stamped[1][:23].replace("T", " ").removesuffix("Z"), stamped[2]
