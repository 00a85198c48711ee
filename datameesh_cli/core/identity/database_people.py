"""The accounts of a domain's PostgreSQL server."""

from __future__ import annotations

from datameesh_cli.core.identity.material import Material
from datameesh_cli.core.identity.people import Person


def database_people(material: Material) -> str:
    """Given what there is, return a line for each person with a login there: name, groups, regions and password, between tabs.

    Groups and regions are joined by commas. An administrator has none: the server's own account is that. In mode academic
    everybody has one, with the word `everything` as a fifth field.
    """
    people = material.people

    def has_login(person: Person) -> bool:
        reads = any(role.database == "read" for _, role in people.roles_of(person)) and not people.is_admin(person)
        return reads or material.academic

    more = ("everything",) if material.academic else ()
    return "".join(
        "\t".join((p.name, ",".join(p.groups), ",".join(p.regions), material.passwords[p.name], *more)) + "\n"
        for p in people.people
        if has_login(p)
    )
