"""What other programs answer, read: an answer that is not what it should be becomes one line that names the program."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from datameesh_cli.errors import HostError

_LONGEST = 300


def short(text: str) -> str:
    """Given what a program said, return it as part of one line that can be read: no control characters, the middle left out."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 3 :]}"


@contextlib.contextmanager
def understood(program: str) -> Iterator[None]:
    """Read a program's answer in this block: whatever is not as it should be becomes one HostError that names the program."""
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as odd:
        raise HostError(
            f"'{program}' gave an answer that dm does not understand ({type(odd).__name__}: {short(str(odd))[:80]})",
            "run it by hand; is it the program that it should be? see: ./dm doctor",
        ) from odd


def json_of(program: str, text: str) -> Any:
    """Given a program and its answer, return the JSON in it. Raise HostError if it is none."""
    try:
        return json.loads(text)
    except ValueError as odd:
        said = short(text)[:80]
        raise HostError(
            f"'{program}' gave no JSON: {said or 'nothing'}",
            "run it by hand; is it the program that it should be? see: ./dm doctor",
        ) from odd
