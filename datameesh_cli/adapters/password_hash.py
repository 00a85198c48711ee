"""bcrypt: passwords as the query engine and the sign-in service keep them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypedDict

COST = 10
"""A tenth of a second a try. The query engine remembers who signed in, so its checks do not pay it each time."""


class Kept(TypedDict):
    """A hash, and a mark that tells in no time whether it is of that password, which lies beside it anyway."""

    hash: str
    mark: str


class Hashes(Protocol):
    """What a use case may ask of this file."""

    def hashes(self, passwords: Mapping[str, str], before: Any) -> dict[str, Kept]: ...


def hashes(passwords: Mapping[str, str], before: Any) -> dict[str, Kept]:
    """Given passwords by name and what this returned before, return a hash of each: the one before, while the password is the same.

    A hash has a salt of its own, so one made anew differs, and everybody who reads it would take it for a change.
    """
    known = before if isinstance(before, dict) else {}
    new = [name for name, password in passwords.items() if not _fits(known.get(name), password)]
    with ThreadPoolExecutor() as side_by_side:
        made = dict(zip(new, side_by_side.map(_made, [passwords[name] for name in new]), strict=True))
    return {name: made[name] if name in made else known[name] for name in passwords}


def _made(password: str) -> Kept:
    import bcrypt

    # $2y$ is how the query engine knows bcrypt; it is the same algorithm as $2b$.
    found = bcrypt.hashpw(password.encode(), bcrypt.gensalt(COST)).decode().replace("$2b$", "$2y$", 1)
    return {"hash": found, "mark": _mark(found, password)}


def _fits(kept: Any, password: str) -> bool:
    if not isinstance(kept, dict) or not isinstance(kept.get("hash"), str):
        return False
    return hmac.compare_digest(str(kept.get("mark")), _mark(kept["hash"], password))


def _mark(found: str, password: str) -> str:
    return hmac.new(password.encode(), found.encode(), hashlib.sha256).hexdigest()
