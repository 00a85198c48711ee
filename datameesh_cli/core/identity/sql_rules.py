"""The query engine's file of rules: who may do what with which catalog, schema, table, function and procedure.

The engine takes the first rule that fits, and a section that is not there is open to everybody: so each section is there, and its
last rule denies. Rules name people and not groups: with several groups a person has the most that one of them gives, while a
rule for the first of them would decide alone. Masks and filters stand before what they narrow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from datameesh_cli.core.identity.material import Catalog, Material
from datameesh_cli.core.identity.people import Filter, Level, SqlGrants, highest

Rule = dict[str, Any]
Who = str
T = TypeVar("T")

ANY = ".*"
_TABLE: Mapping[Level, tuple[str, ...]] = {
    "none": (),
    "read": ("SELECT",),
    "write": ("SELECT", "INSERT", "DELETE", "UPDATE", "OWNERSHIP"),
    "all": ("SELECT", "INSERT", "DELETE", "UPDATE", "OWNERSHIP", "GRANT_SELECT"),
}
_NARROWED: Mapping[Level, tuple[str, ...]] = {**_TABLE, "write": ("SELECT", "INSERT"), "all": ("SELECT", "INSERT")}
"""Of a table with a mask: whoever owned it could give it another name, which no rule knows, and a change or removal of
rows by a condition would tell what is masked."""
_OWN_CATALOG = "system"
_EVERY_ROUTINE = ("EXECUTE", "GRANT_EXECUTE", "OWNERSHIP")


def sql_rules(material: Material) -> str:
    """Given what there is, return the rules as JSON, a rule to a line."""
    access = Access(material)
    sections = {
        "catalogs": [*_catalogs(access), {"allow": "none"}],
        "schemas": [*_schemas(access), {"owner": False}],
        "tables": [*_tables(access), {"privileges": []}],
        "functions": [*access.for_all({"privileges": list(_EVERY_ROUTINE)}), {"privileges": []}],
        # A statement that is handed to a domain's database runs with what the engine may do there.
        "procedures": [*access.for_all({"privileges": list(_EVERY_ROUTINE[:2])}), {"privileges": []}],
        "queries": [*_queries(access), {"allow": []}],
        "impersonation": [*_impersonation(access), {"new_user": ANY, "allow": False}],
        "system_information": [*access.for_all({"allow": ["read", "write"]}), {"allow": []}],
        "system_session_properties": [
            *access.for_all({"allow": True}),
            *_signed_in(access, {"allow": True}),
            {"allow": False},
        ],
        "catalog_session_properties": [*_session(access), {"allow": False}],
        "authorization": [*_authorization(access), {"new_user": ANY, "new_role": ANY, "allow": False}],
    }
    parts = [f'"{name}": [\n' + ",\n".join(map(json.dumps, rules)) + "\n]" for name, rules in sections.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


class Access:
    """Who may do what, by name: from the roles, or everything for everybody in mode academic."""

    def __init__(self, material: Material) -> None:
        people = material.people
        self.said = people.said
        self.catalogs = material.catalogs
        self.everything = [p.name for p in people.people if material.academic or people.is_admin(p)]
        self.filters: dict[Who, list[Filter]] = {}
        self._grants: dict[Who, list[tuple[str, SqlGrants]]] = {}
        for person in people.people:
            if person.name not in self.everything:
                self._grants[person.name] = [(group, role.sql) for group, role in people.roles_of(person)]
                self.filters[person.name] = [f for f in self.said.filters if f.group in person.groups]
        self._grants |= {name: [("", program.sql)] for name, program in sorted(self.said.programs.items())}

    @property
    def others(self) -> tuple[Who, ...]:
        """Everybody, people and programs, who may not do everything."""
        return tuple(self._grants)

    def level(self, who: Who, catalog: Catalog) -> Level:
        """What somebody may do with a catalog."""
        if catalog.kind == "lake":
            closed = any(each.hides_lake for each in self.filters.get(who, ()))
            return "none" if closed else highest(grants.lake for _, grants in self._grants[who])
        return highest(g.own if group == catalog.owner else g.domains for group, g in self._grants[who])

    def reads_marts(self, who: Who) -> bool:
        """Whether somebody reads results wherever they are, whatever else of the catalog.

        Not who sees some rows only: results are of all rows.
        """
        closed = any(each.hides_lake for each in self.filters.get(who, ()))
        return not closed and any(grants.marts == "read" for _, grants in self._grants[who])

    def reads(self, who: Who) -> bool:
        """Whether somebody reads any table."""
        return self.reads_marts(who) or any(self.level(who, catalog) != "none" for catalog in self.catalogs)

    def for_all(self, rule: Rule) -> list[Rule]:
        """A rule for those who may do everything."""
        return [{"user": one_of(self.everything)} | rule] if self.everything else []

    def by_level(self, of: Callable[[Who, Catalog], T]) -> list[tuple[str, str, T]]:
        """What is said of each person and catalog, people and catalogs together of whom the same is said."""
        found: dict[tuple[Who, T], list[str]] = {}
        for who in self.others:
            for catalog in self.catalogs:
                found.setdefault((who, of(who, catalog)), []).append(catalog.name)
        together: dict[tuple[tuple[str, ...], T], list[Who]] = {}
        for (who, said), names in found.items():
            together.setdefault((tuple(names), said), []).append(who)
        return [(one_of(people), one_of(names), said) for (names, said), people in together.items()]


def one_of(names: Iterable[str]) -> str:
    """Given names, return the regular expression that fits these alone."""
    return "|".join(re.escape(name).replace(r"\-", "-") for name in names)


def _catalogs(access: Access) -> list[Rule]:
    def allow(who: Who, catalog: Catalog) -> str:
        level = access.level(who, catalog)
        if level in ("write", "all"):
            return "all"
        return "read-only" if level == "read" or access.reads_marts(who) else "none"

    rules = access.for_all({"allow": "all"})
    rules += [
        {"user": who, "catalog": names, "allow": said} for who, names, said in access.by_level(allow) if said != "none"
    ]
    return rules + _signed_in(access, {"catalog": _OWN_CATALOG, "allow": "read-only"}, readers=True)


def _schemas(access: Access) -> list[Rule]:
    owns = access.by_level(lambda who, catalog: access.level(who, catalog) in ("write", "all"))
    rules = [{"user": who, "catalog": names, "owner": True} for who, names, owned in owns if owned]
    return access.for_all({"owner": True}) + rules


def _tables(access: Access) -> list[Rule]:
    rules = access.for_all({"privileges": list(_TABLE["all"])})
    levels = access.by_level(access.level)
    rules += _never(access)
    rules += _filtered(access)
    for mask in access.said.masks:
        columns = [{"name": name, "mask": expression} for name, expression in mask.columns.items()]
        rules += [
            _on(who, names, {"table": mask.tables, "privileges": list(_NARROWED[level]), "columns": columns})
            for who, names, level in levels
            if level != "none"
        ]
    rules += [_on(w, names, {"privileges": list(_TABLE[level])}) for w, names, level in levels if level != "none"]
    rules += _marts(access)
    own = {"catalog": _OWN_CATALOG, "schema": "jdbc|metadata|runtime", "privileges": ["SELECT"]}
    return rules + _signed_in(access, own, readers=True)


def _on(who: str, catalogs: str, rule: Rule) -> Rule:
    return {"user": who, "catalog": catalogs} | rule


def _never(access: Access) -> list[Rule]:
    return [
        {"user": one_of(mask.never), "table": mask.tables, "privileges": []} for mask in access.said.masks if mask.never
    ]


def _filtered(access: Access) -> list[Rule]:
    """For each filter its people: what they do not see at all, then the tables that they see some rows of.

    The engine may ask a statement's own conditions first, of every row, and one that fails for some row (a division by zero)
    would tell of it. So in a row that is filtered away no column has a value.
    """
    asks = {"user": access.everything[0]} if access.everything else {}
    rules: list[Rule] = []
    for each in access.said.filters:
        people = [who for who, filters in access.filters.items() if each in filters]
        if not people:
            continue
        rules.append({"user": one_of(people), "table": each.hides, "privileges": []})
        columns = [{"name": c, "mask": f"IF({each.where}, {c})", "mask_environment": asks} for c in each.columns]
        some = {"table": each.tables, "privileges": ["SELECT"], "filter": each.where, "filter_environment": asks}
        for who, names, level in access.by_level(access.level):
            inside = [name for name in people if re.fullmatch(who, name)]
            if inside and level != "none":
                rules.append(_on(one_of(inside), names, some | {"columns": columns}))
    return rules


def _marts(access: Access) -> list[Rule]:
    readers = [who for who in access.others if access.reads_marts(who)]
    names = one_of(catalog.name for catalog in access.catalogs)
    if not readers or not names:
        return []
    marts = access.said.marts
    return [
        _on(one_of(readers), names, {"schema": marts.schemas, "privileges": ["SELECT"]}),
        _on(one_of(readers), names, {"table": marts.tables, "privileges": ["SELECT"]}),
    ]


def _queries(access: Access) -> list[Rule]:
    return access.for_all({"allow": ["execute", "kill", "view"]}) + _signed_in(access, {"allow": ["execute"]})


def _impersonation(access: Access) -> list[Rule]:
    people = [who for who in access.others if who not in access.said.programs]
    rules: list[Rule] = []
    if access.everything:
        everybody = one_of([*access.everything, *people])
        rules.append({"original_user": one_of(access.everything), "new_user": everybody, "allow": True})
    acting = [name for name, program in sorted(access.said.programs.items()) if program.impersonates]
    if acting and people:
        rules.append({"original_user": one_of(acting), "new_user": one_of(people), "allow": True})
    return rules


def _session(access: Access) -> list[Rule]:
    """Who may set a property of a catalog also sees its name, so only those who use it."""
    uses = access.by_level(lambda who, catalog: access.level(who, catalog) != "none")
    return access.for_all({"allow": True}) + [_on(w, names, {"allow": True}) for w, names, used in uses if used]


def _authorization(access: Access) -> list[Rule]:
    if not access.everything:
        return []
    return [{"original_user": one_of(access.everything), "new_user": ANY, "new_role": ANY, "allow": True}]


def _signed_in(access: Access, rule: Rule, *, readers: bool = False) -> list[Rule]:
    """A rule for everybody else who signs in, or for those of them who read anything."""
    names = [who for who in access.others if not readers or access.reads(who)]
    return [{"user": one_of(names)} | rule] if names else []
