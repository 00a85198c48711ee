"""The query engine's files of groups and of passwords."""

from __future__ import annotations

from datameesh_cli.core.identity.material import Material


def sql_groups(material: Material) -> str:
    """Given what there is, return a line `group:name,name` for each group with people."""
    of = {group: [p.name for p in material.people.people if group in p.groups] for group in material.people.said.groups}
    return "".join(f"{group}:{','.join(names)}\n" for group, names in of.items() if names)


def password_hashes(material: Material) -> str:
    """Given what there is, return a line `name:bcrypt` for each account."""
    return "".join(f"{name}:{material.hashes[name]}\n" for name in material.people.accounts)
