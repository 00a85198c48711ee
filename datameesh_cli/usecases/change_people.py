"""`dm user`: the people of a stack. What is changed holds within a minute: the files that containers have mounted are rewritten."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datameesh_cli.core.identity.lake_people import policy_of
from datameesh_cli.core.identity.people import (
    Delta,
    IdentityFile,
    People,
    Person,
    PersonEntry,
    check_name,
    check_person,
    password_of,
    people_of,
    role_of,
)
from datameesh_cli.core.schema import Wrong, nearest, read
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.derive_secrets import DELTA, derive_again, read_delta, read_people, required

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters

SHORTEST = 12
LONGEST = 72
"""bcrypt looks at no more."""


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody as `dm user list` shows them: `secret` is what `dm credentials` calls the password."""

    name: str
    display: str
    email: str
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    regions: tuple[str, ...]
    secret: str


@dataclass(frozen=True, slots=True)
class Changed:
    """Who was changed, how, and the derived secrets that are new; none where nothing of the stack was ever started.

    `clusters` are the contexts of those that have the stack's people as they were when it was last applied there.
    """

    name: str
    what: str
    secrets: tuple[str, ...]
    clusters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody who comes: a name, and what is said of them."""

    name: str
    role: str | None = None
    groups: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    display: str = ""
    email: str = ""


def list_people(adapters: Adapters) -> tuple[PersonLine, ...]:
    """Return the people of the stack, by name."""
    return tuple(
        PersonLine(p.name, p.display, p.email, p.groups, tuple(r for _, r in p.roles), p.regions, password_of(p.name))
        for p in _people(adapters).people
    )


def add_person(adapters: Adapters, new: NewPerson) -> Changed:
    """Given somebody who comes, add them with a password of their own.

    Raise UserError for a name that is taken or that not every tool takes, and for a role, group or region that there is not.
    """
    with adapters.state.locked("user add"):
        people = _people(adapters)
        if new.name in (p.name for p in people.people):
            raise UserError(f"there is a person '{new.name}' already", "see: dm user list; or take another name")
        _refuse_password_of_another(adapters, new.name)
        entry = _entry(new, people)
        _refuse_level_without_policy(adapters, entry, people.said)
        if entry.email.lower() in (p.email.lower() for p in people.people):
            raise UserError(f"somebody has the address {entry.email} already", "one signs in with it: add --email")
        delta = read_delta(adapters)
        adapters.state.remove_secret(password_of(new.name))
        return _changed(
            adapters, people.said, replace(delta, added={**delta.added, new.name: entry}), new.name, "added"
        )


def remove_person(adapters: Adapters, name: str) -> Changed:
    """Given a name, remove the person and the password. Raise UserError if there is none, or nobody else may do everything."""
    with adapters.state.locked("user remove"):
        people = _people(adapters)
        person = people.person(name)
        if people.is_admin(person) and not any(people.is_admin(p) for p in people.people if p is not person):
            raise UserError(
                f"'{name}' is the last who may do everything", "add another first: dm user add NAME --role admin"
            )
        delta = read_delta(adapters)
        removed = [*delta.removed, name] if name in people.said.people and name not in delta.removed else delta.removed
        left = {each: entry for each, entry in delta.added.items() if each != name}
        found = _changed(adapters, people.said, Delta(added=left, removed=tuple(removed)), name, "removed")
        adapters.state.remove_secret(password_of(name))
        return found


def set_password(adapters: Adapters, name: str, password: str | None) -> Changed:
    """Given a name and a password, or None for a drawn one, make it the person's for all tools.

    Raise UserError if there is no such person, or for a password that is too short or that not every tool takes.
    """
    with adapters.state.locked("user passwd"):
        person = _people(adapters).person(name)
        if password is not None:
            _refuse_weak(password, person)
        secret = password_of(name)
        adapters.state.ensure_secrets([secret])
        adapters.state.replace_secrets({secret: password or adapters.state.new_secret(secret)})
        return Changed(name, "has a new password", derive_again(adapters), adapters.state.applied_contexts())


def _people(adapters: Adapters) -> People:
    return required(read_people(adapters))


def _entry(new: NewPerson, people: People) -> PersonEntry:
    """Somebody who comes, as the file of people would have them."""
    groups = [*([_group_of(new.role, people.said)] if new.role else []), *new.groups]
    if not groups:
        raise UserError(f"'{new.name}' would be nobody: no role and no group", "add: --role analyst")
    at = f"user {new.name}"
    said = {
        "name": new.display or new.name.capitalize(),
        "email": new.email or f"{new.name}@{people.people[0].email.split('@', 1)[1]}",
        "groups": list(dict.fromkeys(groups)),
        "regions": list(new.regions),
    }
    try:
        check_name(new.name, people.said, at)
        entry = read(PersonEntry, said, at)
        check_person(new.name, entry, people.said, at)
    except Wrong as wrong:
        raise UserError(str(wrong), wrong.hint) from wrong
    return entry


def _refuse_password_of_another(adapters: Adapters, name: str) -> None:
    """A container's own account may have the password of that name: nobody else shall."""
    holders = [s.name for s in adapters.repository.model().services if password_of(name) in s.secrets]
    if holders:
        raise UserError(f"'{password_of(name)}' is a password of {holders[0]}", "take another name")


def _refuse_level_without_policy(adapters: Adapters, entry: PersonEntry, said: IdentityFile) -> None:
    """An object store takes its accounts all or none: one with a policy that it has not would keep every later change out."""
    levels = {role: said.roles[role].lake for group in entry.groups if (role := role_of(group, said)) != "none"}
    for service in adapters.repository.model().services:
        if "lake-people" not in service.identity.values():
            continue
        folder = adapters.repository.root / "services" / service.folder
        files = [path for place in service.files for path in adapters.repository.found(folder / place, "*.yaml")]
        known = {name for path in files for name in (adapters.repository.read_yaml(path) or {}).get("policies", ())}
        for role, level in levels.items():
            if known and level != "none" and policy_of(level) not in known:
                raise UserError(
                    f"role '{role}' says `lake: {level}`, and {service.name} has no policy '{policy_of(level)}'",
                    f"add it to {', '.join(map(adapters.repository.relative, files))}, or take another role",
                )


def _group_of(role: str, said: IdentityFile) -> str:
    """The group that gives a role: the one of its name, else the first that has it."""
    having = [group for group in said.groups if role_of(group, said) == role]
    if not having:
        roles = sorted({role_of(group, said) for group in said.groups} - {"none"})
        raise UserError(f"there is no role '{role}'", nearest(role, roles, "roles"))
    return role if role in having else having[0]


def _changed(adapters: Adapters, said: IdentityFile, delta: Delta, name: str, what: str) -> Changed:
    people_of(said, delta, DELTA)
    added = {
        each: {"name": e.name, "email": e.email, "groups": list(e.groups), "regions": list(e.regions)}
        for each, e in delta.added.items()
    }
    kept = {"added": added, "removed": list(delta.removed)}
    # Between the two somebody who is gone from the list could still get in.
    with adapters.undisturbed():
        adapters.state.write_private(DELTA, json.dumps(kept, indent=1) + "\n")
        return Changed(name, what, derive_again(adapters), adapters.state.applied_contexts())


def _refuse_weak(password: str, person: Person) -> None:
    size = len(password.encode())
    if not SHORTEST <= size <= LONGEST:
        raise UserError(f"the password has {size} characters", f"{SHORTEST} to {LONGEST}; without --stdin one is drawn")
    if not all("!" <= letter <= "~" for letter in password):
        raise UserError("the password has a blank or a letter that not every tool takes", "take letters, digits, signs")
    if person.name in password.lower():
        raise UserError("the password has the person's name in it", "take another, or none: one is drawn")
