"""What a build is doing, read from the lines that BuildKit, apt, debootstrap, Maven, pip and Go print."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STAMP = re.compile(r"^#\d+ (?:\d+\.\d+ )?")
_PASSWORD = re.compile(r"(?<=://)[^/@\s]*@")
_GO_PACKAGE = re.compile(r"[a-z0-9][\w.~-]*(/[\w.~-]+)+")
_SIGNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), phrase)
    for pattern, phrase in (
        (r"I: Retrieving (\S+)", "fetching {}"),
        (r"I: (?:Extracting|Unpacking) (\S+?)\.*$", "unpacking {}"),
        (r"I: Configuring (\S+?)\.*$", "setting up {}"),
        (r"Get:\d+ \S+ \S+ \S+ (\S+)", "fetching {}"),
        (r"Unpacking (\S+)", "unpacking {}"),
        (r"Setting up (\S+)", "setting up {}"),
        (r"(?:\[INFO\] )?Downloading from \S+: \S*/(\S+)", "fetching {}"),
        (r"go: downloading (\S+)", "fetching {}"),
        (r"(?:Collecting|Downloading) (\S+)", "fetching {}"),
        (r"Installing collected packages", "installing Python packages"),
        (r"train: (.+)", "training: {}"),
        (r"pulling (\S+)", "pulling {}"),
        (r"making (.+)", "making {}"),
        (r"\[[^\]]*\d+/\d+\] COPY", "copying files"),
        (r"exporting (\S+)", "writing the image"),
    )
)


@dataclass(frozen=True, slots=True)
class Building:
    """An image that is being built: for how many seconds, and what its build does now ("" before it says anything)."""

    image: str
    seconds: float
    doing: str


@dataclass(frozen=True, slots=True)
class BuildState:
    """All builds at one moment: those that run, how many images are not ready yet, of how many, and seconds since the first."""

    running: tuple[Building, ...]
    left: int
    total: int
    seconds: float


def doing(line: str) -> str | None:
    """Given a line of a build's output, return what it says is being done, or None if it says nothing about that."""
    text = _STAMP.sub("", line).strip()
    for sign, phrase in _SIGNS:
        if found := sign.match(text):
            return phrase.format(*found.groups())
    return f"compiling {text}" if _GO_PACKAGE.fullmatch(text) else None


def without_passwords(line: str) -> str:
    """Given a line, return it without the user and password that an address in it may carry: logs outlive the build."""
    return _PASSWORD.sub("", line)
