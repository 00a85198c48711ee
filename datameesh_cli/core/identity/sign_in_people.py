"""The accounts of the sign-in service, as a YAML list with the keys that it has for them."""

from __future__ import annotations

import json

from datameesh_cli.core.identity.material import Material


def sign_in_people(material: Material) -> str:
    """Given what there is, return an entry for each person: address, bcrypt hash, names, groups. Programs do not sign in there."""
    lines = []
    for person in material.people.people:
        said = {
            "email": person.email,
            "hash": material.hashes[person.name],
            "username": person.name,
            "name": person.display,
            "preferredUsername": person.name,
            "emailVerified": True,
            "userID": person.name,
            "groups": list(person.groups),
        }
        lines.append(f"- {json.dumps(said)}\n")
    return "".join(lines) or "[]\n"
