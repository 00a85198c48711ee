"""Who asks, and what of a domain they may read: a token of the sign-in service, or name and key, and the file that `dm` makes of
the file of people (secret `api-people`), read again when it changes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import ssl
import threading
import time
import urllib.request
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from api.problem import Problem, away

_LOOK_AGAIN = 2.0
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="DataMeesh", Bearer realm="DataMeesh"'}


@dataclass(frozen=True)
class Grant:
    """What an account may do with a domain's tables, as regular expressions of their names."""

    read: str = ""
    some: str = ""
    hidden: str = ""
    adds: bool = False
    unmasked: bool = False


@dataclass(frozen=True)
class Account:
    """Who asks: a person or a program."""

    name: str
    grant: Grant

    def rows(self, table: str) -> str:
        """Given a table's name, return which of its rows are shown: `all`, or `some` by region. Raise Problem (403)."""
        if not _fits(self.grant.read, table) or _fits(self.grant.hidden, table):
            raise Problem(403, f"{self.name} may not read {table}")
        return "some" if _fits(self.grant.some, table) else "all"

    def for_whom(self, table: str) -> tuple[str, str, str]:
        """Given a table's name, return what its policies are told: the name, which rows, and whether nothing is masked."""
        return self.name, self.rows(table), "yes" if self.grant.unmasked else "no"

    def adds_to(self, table: str) -> tuple[str, str, str]:
        """Given a table's name, return the same for a new row of it. Raise Problem (403)."""
        if self.rows(table) != "all" or not self.grant.adds:
            raise Problem(403, f"{self.name} may not add to {table}")
        return self.for_whom(table)


@lru_cache(maxsize=512)
def _fits(pattern: str, table: str) -> bool:
    return bool(pattern) and re.fullmatch(pattern, table) is not None


class Access:
    """Everybody who may ask an API of one catalog."""

    def __init__(self, people: str, catalog: str, tokens: Tokens | None) -> None:
        self._path, self._catalog, self._tokens = Path(people), catalog, tokens
        self._looked = self._changed = 0.0
        self._people: dict[str, Any] = {}
        self._known: dict[bytes, tuple[str, float]] = {}
        self._checking = threading.Lock()

    def account(self, header: str | None) -> Account:
        """Given the Authorization header, return who that is. Raise Problem: 401 for nobody, 503 where that cannot be told."""
        self._read_again()
        kind, _, value = (header or "").partition(" ")
        if kind.lower() not in ("basic", "bearer") or not value.strip():
            raise Problem(401, "show a token of the sign-in service, or name and key", _CHALLENGE)
        mark = hashlib.sha256(header.encode()).digest()  # type: ignore[union-attr]
        name, until = self._known.get(mark, ("", 0.0))
        if until < time.time():
            name, until = self._by_key(value) if kind.lower() == "basic" else self._by_token(value.strip())
            if len(self._known) > 1000:
                self._known.clear()
            self._known[mark] = (name, until)
        said = self._people.get(name)
        if said is None:
            raise Problem(401, "nobody of that name may ask", _CHALLENGE)
        return Account(name, Grant(**said["domains"].get(self._catalog, {})))

    def _by_key(self, value: str) -> tuple[str, float]:
        import bcrypt  # only who has shown a key makes us load it

        try:
            name, _, key = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise Problem(401, "the Authorization header cannot be read", _CHALLENGE) from None
        said = self._people.get(name)
        kept = (said or {"key": _NOBODY})["key"]
        # One after the other: a guess costs a twentieth of a second of the processor, and leaves the rest to who is known.
        with self._checking:
            right = "\0" not in key and bcrypt.checkpw(key.encode()[:72], kept.encode())
        if not right or said is None:
            raise Problem(401, "name and key are not right", _CHALLENGE)
        return name, time.time() + 300

    def _by_token(self, token: str) -> tuple[str, float]:
        if self._tokens is None:
            raise Problem(401, "there is no sign-in service here: show name and key", _CHALLENGE)
        return self._tokens.name_and_end(token)

    def _read_again(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK_AGAIN and self._people:
            return
        try:
            changed = self._path.stat().st_mtime
            if changed != self._changed:
                self._people = json.loads(self._path.read_text())
                self._changed = changed
                self._known.clear()
        except (OSError, ValueError):
            # Being written: what was read before holds until the next look.
            if not self._people:
                raise away("the list of who may ask") from None
        self._looked = now


class Tokens:
    """Tokens of the sign-in service, told from others by its keys."""

    def __init__(self, issuer: str, keys: str, authority: str, audience: str) -> None:
        self._issuer, self._keys, self._authority, self._audience = issuer, keys, authority, audience
        self._known: dict[str, Any] = {}
        self._asked = -60.0
        self._lock = threading.Lock()

    def name_and_end(self, token: str) -> tuple[str, float]:
        """Given a token, return whose it is and until when. Raise Problem: 401 if it is not good, 503 where nobody can tell."""
        import jwt

        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != "RS256":
                raise Problem(401, "the token is not good: not signed with RS256", _CHALLENGE)
            key = self._key(str(header.get("kid") or ""))
            said = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=self._audience,
                issuer=self._issuer,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.PyJWTError as wrong:
            raise Problem(401, f"the token is not good: {wrong}", _CHALLENGE) from wrong
        return str(said.get("preferred_username") or ""), float(said["exp"])

    def _key(self, kid: str) -> Any:
        import jwt

        with self._lock:
            if kid not in self._known and time.monotonic() - self._asked > 5:
                self._asked = time.monotonic()
                try:
                    trust = ssl.create_default_context(cafile=self._authority)
                    with urllib.request.urlopen(self._keys, timeout=2, context=trust) as answer:
                        self._known = {k.key_id: k.key for k in jwt.PyJWKSet.from_json(answer.read()).keys}
                except (OSError, ValueError):
                    self._asked = -60.0 if self._known else self._asked
                    if not self._known:
                        raise away("the sign-in service") from None
            if not self._known:
                raise away("the sign-in service")
        if kid not in self._known:
            raise Problem(401, "the token is not good: signed by nobody known", _CHALLENGE)
        return self._known[kid]


_NOBODY = "$2b$08$FCcpVoVxSnB9yMeTW8RiA.Bk5vX2I9aWVMyRIxQg61Ffgs5TCsdQi"
"""A hash that no key has: a name that is not there costs as long as one that is."""
