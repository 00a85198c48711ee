"""Who may use the lake: what `services/minio/config/users.yaml` says, as values."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from datameesh_cli.errors import UserError

_KEYS = {"name", "policy", "secret"}


@dataclass(frozen=True, slots=True)
class LakeUser:
    """A person: the name to log in with, the policy that says what is allowed, and the name of the secret."""

    name: str
    policy: str
    secret: str


def lake_users_from(document: Any, policies: Collection[str], where: str) -> tuple[LakeUser, ...]:
    """Given the content of users.yaml, the policies that exist and the file's name, return its users.

    Raise UserError, naming file and entry, for anything that is not one.
    """
    entries = document.get("users") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        example = "{name: alex, policy: lake-rw, secret: alex-password}"
        raise UserError(f"{where}: there is no list `users`", f"write one entry a person: {example}")
    users: dict[str, LakeUser] = {}
    for number, entry in enumerate(entries, start=1):
        user = _user(entry, f"{where}, entry {number}")
        if user.policy not in policies:
            known = ", ".join(sorted(policies))
            raise UserError(f"{where}: there is no policy '{user.policy}' for {user.name}", f"use one of: {known}")
        if user.name in users:
            raise UserError(f"{where}: {user.name} is there twice", "keep one entry a person")
        users[user.name] = user
    return tuple(users.values())


def _user(entry: Any, where: str) -> LakeUser:
    if not isinstance(entry, dict) or set(entry) != _KEYS or not all(isinstance(v, str) for v in entry.values()):
        raise UserError(f"{where}: name, policy and secret are needed, as text", "correct the entry")
    user = LakeUser(entry["name"], entry["policy"], entry["secret"])
    if not re.fullmatch(r"[a-z][a-z0-9-]{2,19}", user.name):
        raise UserError(f"{where}: '{user.name}' can't be a user's name", "use 3 to 20 small letters, digits and '-'")
    if not re.fullmatch(r"[a-z][a-z0-9-]*", user.secret):
        raise UserError(f"{where}: '{user.secret}' can't be a secret's name", "use small letters, digits and '-'")
    return user
