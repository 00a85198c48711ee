"""Who may ask the domains' APIs, and for which tables: what the query engine lets them, and the programs that only ask an API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from datameesh_cli.core.identity.material import Catalog, Material
from datameesh_cli.core.identity.people import Level
from datameesh_cli.core.identity.sql_rules import ANY, Access

_ADDS: tuple[Level, ...] = ("write", "all")


def api_people(material: Material) -> str:
    """Given what there is, return as JSON each account: the hash of its key, and by catalog of a domain the tables it reads.

    `read`, `some` (those of its regions only) and `hidden` are regular expressions of tables' names; `adds` rows or not; `unmasked`
    or not. Who may nothing is there as well: such a one is known, and refused.
    """
    access = Access(material)
    found = {
        who: {
            "key": material.hashes[who],
            "domains": {c.name: _grant(access, who, c) for c in material.catalogs if c.kind == "domain"},
        }
        for who in material.people.accounts
    }
    return json.dumps(found, indent=1) + "\n"


def _grant(access: Access, who: str, catalog: Catalog) -> Mapping[str, Any]:
    if who in access.everything:
        return {"read": ANY, "adds": True, "unmasked": True}
    said = access.said
    program = said.programs.get(who)
    asks = program.api.get(catalog.name, "none") if program else "none"
    level = access.level(who, catalog)
    marts = said.marts.tables if access.reads_marts(who) else ""
    filters = access.filters.get(who, [])
    hidden = [each.hides for each in filters] + [mask.tables for mask in said.masks if who in mask.never]
    return {
        "read": ANY if asks != "none" or level != "none" else marts,
        "some": "|".join(each.tables for each in filters),
        "hidden": "|".join(hidden),
        "adds": asks == "write" or level in _ADDS,
    }
