"""The accounts of a domain's PostgreSQL server."""

from __future__ import annotations

from datameesh_cli.core.identity.material import Material
from datameesh_cli.core.identity.people import Person


def database_people(material: Material) -> str:
    """Given what there is, return a line for each person with a login there: name, groups, regions and password, between tabs.

    Groups and regions are joined by commas. An administrator has none: the server's own account is that.
    """
    people = material.people

    def has_login(person: Person) -> bool:
        return any(role.database == "read" for _, role in people.roles_of(person)) and not people.is_admin(person)

    return "".join(
        "\t".join((p.name, ",".join(p.groups), ",".join(p.regions), material.passwords[p.name])) + "\n"
        for p in people.people
        if has_login(p)
    )
