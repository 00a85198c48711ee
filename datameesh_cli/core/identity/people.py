"""What identity/people.yaml may say: roles, groups, people, accounts of programs, masks and filters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import Field

from datameesh_cli.core.schema import Flag, Text, Wrong, declared, key, nearest, read
from datameesh_cli.errors import UserError

Level = Literal["none", "read", "write", "all"]
LEVELS: tuple[Level, ...] = ("none", "read", "write", "all")
NAME = r"^[a-z][a-z0-9_-]{2,31}$"
"""What every tool takes for the name of an account: PostgreSQL's roles, the object store's keys (three letters or more), SQL."""

Mode = Literal["governed", "academic"]
GOVERNED: Mode = "governed"
ACADEMIC: Mode = "academic"


@declared
class SqlGrants:
    """What a role may do in SQL. `write` reads and writes tables and makes them, `all` also gives them away."""

    everything: Flag = key("all catalogs, all procedures, others' statements, no mask and no filter", default=False)
    own: Level = key("the domains whose `owner:` is the group", default="none")
    domains: Level = key("the other domains", default="none")
    lake: Level = key("the catalogs of the engine itself", default="none")
    marts: Literal["none", "read"] = key("the tables of `marts:`, wherever they are", default="none")


@declared
class Role:
    """What each tool allows who has the role."""

    about: Text = key("who has it, in a few words")
    sql: SqlGrants = key("the query engine", default=SqlGrants(), example={"domains": "read", "lake": "write"})
    lake: Annotated[Text, Field(pattern=r"^[a-z][a-z-]*$")] = key(
        "the object store: none, ro, rw, engineer, admin, or the prefix of a domain that it may write", default="none"
    )
    database: Literal["none", "read"] = key("a login of the domains' databases", default="none")
    notebooks: Literal["none", "user", "admin"] = key("notebooks", default="none")
    dashboards: Literal["none", "viewer", "editor", "admin"] = key("dashboards", default="none")
    catalog: Literal["none", "reader", "editor", "admin"] = key("the data catalog", default="none")
    console: Literal["none", "viewer", "operator", "admin"] = key("the console", default="none")


@declared
class Group:
    """People who belong together. A group has the role of its own name, unless it says another."""

    about: Text = key("who they are")
    role: Text | None = key("the role; `none` where the group gives nothing by itself", default=None, example="analyst")


@declared
class PersonEntry:
    """Somebody with one name and one password for all tools."""

    name: Text = key("first and last name, or what is shown", example="Alex Rivera")
    email: Annotated[Text, Field(pattern=r"^[^@\s]+@[^@\s]+$")] = key("the address", example="alex@datameesh.example")
    groups: tuple[Text, ...] = key("the groups, at least one", min_length=1, example=["data-scientist"])
    regions: tuple[Text, ...] = key(
        "whose rows are seen, where a group filters by region", default=(), example=["EMEA"]
    )


@declared
class Program:
    """The account of a program. Nobody is asked for its password."""

    about: Text = key("what it does")
    sql: SqlGrants = key("the query engine; without: a statement that reads no table", default=SqlGrants())
    api: Mapping[str, Literal["read", "write"]] = key("the domains whose API it asks", default_factory=dict)
    impersonates: Flag = key("asks as the person for whom it works", default=False)


@declared
class Mask:
    """Columns that are shown in part, by the name of the table, in whatever catalog it is."""

    tables: Text = key("which tables: a regular expression of their names", example="customer_pii")
    columns: Mapping[str, Text] = key("an SQL expression in place of each column", min_length=1)
    never: tuple[Text, ...] = key("programs that do not read it at all", default=(), example=["loader"])


@declared
class Filter:
    """Rows that only some of a group see. Others of the group's people see none of them."""

    group: Text = key("whose rows are filtered", example="regions")
    tables: Text = key("which tables: a regular expression of their names", example="customers|orders")
    columns: tuple[Text, ...] = key("their columns, all of them", min_length=1, example=["order_id", "region"])
    where: Text = key("the condition, in SQL; `current_user` is who asks")
    hides: Text = key("tables with the same rows and nothing to filter by: not read at all", example="mart_.*")
    hides_lake: Flag = key("the engine's own catalogs are not read at all either", default=False, spelt="hides-lake")


@declared
class Marts:
    """Where the results for readers are."""

    schemas: Text = key("schemas that hold nothing else: a regular expression", example="marts")
    tables: Text = key("tables elsewhere: a regular expression of their names", example="mart_.*")


@declared
class IdentityFile:
    """One file of people: who there is, and what each tool allows them. Everything else follows from it."""

    roles: Mapping[str, Role] = key("roles, by name", min_length=1)
    groups: Mapping[str, Group] = key("groups, by name", min_length=1)
    people: Mapping[str, PersonEntry] = key("people, by the name that they sign in with", min_length=1)
    marts: Marts = key("where the results for readers are")
    programs: Mapping[str, Program] = key("accounts of programs, by name", default_factory=dict)
    regions: tuple[Text, ...] = key("the regions that there are", default=(), example=["EMEA"])
    reserved: tuple[Text, ...] = key(
        "names that nobody may have: the tools' own accounts; * is any letters", default=(), example=["root", "pg_*"]
    )
    masks: tuple[Mask, ...] = key("columns that are shown in part", default=())
    filters: tuple[Filter, ...] = key("rows that only some see", default=())


@declared
class Delta:
    """What `dm user` changed in one stack."""

    added: Mapping[str, PersonEntry] = key("people who came", default_factory=dict)
    removed: tuple[Text, ...] = key("people of the file who went", default=())


@dataclass(frozen=True, slots=True)
class Person:
    """One of the people in effect: `groups` by name, `roles` the group that gives each role, with the role's name."""

    name: str
    display: str
    email: str
    groups: tuple[str, ...]
    regions: tuple[str, ...]
    roles: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class People:
    """The people in effect in a stack, sorted by name, and the file that they follow from."""

    said: IdentityFile
    people: tuple[Person, ...]

    def person(self, name: str) -> Person:
        """Given a name, return the person. Raise UserError, with the nearest name, if there is none."""
        for person in self.people:
            if person.name == name:
                return person
        raise UserError(f"there is no person '{name}'", nearest(name, (p.name for p in self.people), "people"))

    def roles_of(self, person: Person) -> tuple[tuple[str, Role], ...]:
        """Given a person, return each role with the group that gives it."""
        return tuple((group, self.said.roles[role]) for group, role in person.roles)

    def is_admin(self, person: Person) -> bool:
        """Say whether a person may do everything."""
        return any(role.sql.everything for _, role in self.roles_of(person))

    @property
    def accounts(self) -> tuple[str, ...]:
        """The names of all who sign in: people, then programs. Each has the secret `<name>-password`."""
        return (*(p.name for p in self.people), *sorted(self.said.programs))


def password_of(name: str) -> str:
    """Given the name of an account, return the name of the secret that is its password."""
    return f"{name}-password"


def role_of(group: str, said: IdentityFile) -> str:
    """Given a group's name, return the name of its role, `none` where it has none."""
    return said.groups[group].role or group


def file_from(data: object, file: str) -> IdentityFile:
    """Given the content of the file of people and its name, return what it says.

    Raise UserError, naming file and key, with the nearest name, for what is not valid.
    """
    said = read(IdentityFile, data, file)
    try:
        _check_groups(said)
        _check_filters(said)
        for name, entry in said.people.items():
            check_person(name, entry, said, f"people.{name}")
        _check_programs(said)
        _check_expressions(said)
    except Wrong as wrong:
        raise UserError(f"{file}: {wrong}", wrong.hint) from wrong
    if not any(is_admin_entry(entry, said) for entry in said.people.values()):
        raise UserError(f"{file}: `people`: nobody may do everything", "give one of them a group whose role says so")
    return said


def people_of(said: IdentityFile, delta: Delta, where: str) -> People:
    """Given the file, what a stack changed and where that stands, return the people in effect.

    Raise UserError if a change is not valid with this file.
    """
    entries = {name: entry for name, entry in said.people.items() if name not in delta.removed}
    try:
        for name, entry in delta.added.items():
            check_person(name, entry, said, f"added.{name}")
    except Wrong as wrong:
        raise UserError(f"{where}: {wrong}", wrong.hint) from wrong
    entries |= delta.added
    return People(said, tuple(_person(name, entries[name], said) for name in sorted(entries)))


def is_admin_entry(entry: PersonEntry, said: IdentityFile) -> bool:
    """Say whether somebody with these groups may do everything."""
    found = (role_of(group, said) for group in entry.groups)
    return any(role != "none" and said.roles[role].sql.everything for role in found)


def check_person(name: str, entry: PersonEntry, said: IdentityFile, at: str) -> None:
    """Given a person, raise Wrong for a name that not every tool takes, or a group or region that there is not."""
    check_name(name, said, at)
    for i, group in enumerate(entry.groups):
        if group not in said.groups:
            raise Wrong(f"`{at}.groups[{i}]`: there is no group '{group}'", nearest(group, said.groups, "groups"))
    for i, region in enumerate(entry.regions):
        if region not in said.regions:
            raise Wrong(f"`{at}.regions[{i}]`: there is no region '{region}'", nearest(region, said.regions, "regions"))
    filtered = [each.group for each in said.filters]
    if entry.regions and not set(filtered) & set(entry.groups):
        why = f"in a group that has a filter: {', '.join(filtered) or 'there is none'}"
        raise Wrong(f"`{at}.regions`: '{name}' would see the rows of every region", f"regions are for who is {why}")


def check_name(name: str, said: IdentityFile, at: str) -> None:
    """Given the name of an account, raise Wrong if not every tool takes it, or if it is a program's."""
    if not re.fullmatch(NAME, name):
        why = "3 to 32 small letters, digits, - and _, a letter first: an object store's keys have 3 letters at least"
        raise Wrong(f"`{at}`: '{name}' is no name for an account", why)
    if name in said.programs or any(fnmatchcase(name, taken) for taken in said.reserved):
        raise Wrong(f"`{at}`: '{name}' is the account of a program", "take another name")


def _check_groups(said: IdentityFile) -> None:
    for name, group in said.groups.items():
        role = role_of(name, said)
        if role != "none" and role not in said.roles:
            at = f"groups.{name}.role" if group.role else f"groups.{name}"
            raise Wrong(f"`{at}`: there is no role '{role}'", nearest(role, (*said.roles, "none"), "roles"))


def _check_programs(said: IdentityFile) -> None:
    for name in said.programs:
        if not re.fullmatch(NAME, name):
            raise Wrong(f"`programs.{name}`: it is no name for an account", "3 to 32 small letters, digits, - and _")


def _check_filters(said: IdentityFile) -> None:
    for i, each in enumerate(said.filters):
        if each.group not in said.groups:
            problem = f"`filters[{i}].group`: there is no group '{each.group}'"
            raise Wrong(problem, nearest(each.group, said.groups, "groups"))
    for i, mask in enumerate(said.masks):
        for name in mask.never:
            if name not in said.programs:
                problem = f"`masks[{i}].never`: there is no program '{name}'"
                raise Wrong(problem, nearest(name, said.programs, "programs"))


def _check_expressions(said: IdentityFile) -> None:
    """A regular expression that is none would end the engine's reading of its rules."""
    texts = [("marts.schemas", said.marts.schemas), ("marts.tables", said.marts.tables)]
    texts += [(f"masks[{i}].tables", each.tables) for i, each in enumerate(said.masks)]
    for i, each in enumerate(said.filters):
        texts += [(f"filters[{i}].tables", each.tables), (f"filters[{i}].hides", each.hides)]
    for at, text in texts:
        try:
            re.compile(text)
        except re.error as broken:
            raise Wrong(f"`{at}`: '{text}' is no regular expression: {broken}", "write names, joined by |") from None


def _person(name: str, entry: PersonEntry, said: IdentityFile) -> Person:
    roles = ((group, role_of(group, said)) for group in entry.groups)
    kept = tuple((group, role) for group, role in roles if role != "none")
    return Person(name, entry.name, entry.email, entry.groups, entry.regions, kept)


def highest(levels: Iterable[Level]) -> Level:
    """Given levels, return the one that allows most."""
    return max(levels, key=LEVELS.index, default="none")
