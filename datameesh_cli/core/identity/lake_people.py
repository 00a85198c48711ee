"""The accounts of the object store, as YAML."""

from __future__ import annotations

import json

from datameesh_cli.core.identity.material import Material


def policy_of(level: str) -> str:
    """Given what a role's `lake:` says, return the name of the object store's policy."""
    return f"lake-{level}"


def lake_people(material: Material) -> str:
    """Given what there is, return `users:` with name, password and policies (`lake-<what the role says>`) of each person.

    In mode academic everybody has what all roles have but an administrator's, who alone changes a bucket's settings: a bucket
    that somebody opened to the world would stay open after the way back. Who sees some rows only has no account: files have
    no filter. A line is a flow mapping: JSON, which is YAML as well.
    """
    people, lines = material.people, []
    every = [role.lake for role in people.said.roles.values() if not role.sql.everything and role.lake != "none"]
    for person in people.people:
        closed = any(each.hides_lake and each.group in person.groups for each in people.said.filters)
        own = [role.lake for _, role in people.roles_of(person) if role.lake != "none" and not closed]
        levels = every if material.academic and not people.is_admin(person) else own
        if levels:
            said = {
                "name": person.name,
                "password": material.passwords[person.name],
                "policies": [policy_of(level) for level in dict.fromkeys(levels)],
            }
            lines.append(f"  - {json.dumps(said)}\n")
    return "users:\n" + "".join(lines) if lines else "users: []\n"
