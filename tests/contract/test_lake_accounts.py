"""Who has an account of the object store, with which policy: by hand in one table, against what follows from the file of people."""

from __future__ import annotations

import yaml

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.identity.lake_people import lake_people
from datameesh_cli.core.identity.material import Material
from datameesh_cli.core.identity.people import Delta, people_of
from datameesh_cli.usecases.derive_secrets import read_file
from tests.contract.repo import ROOT

# emma, the executive, has none: she reads results. emea_user has none: files have no filter for the rows of a region.
ACCOUNTS = {
    "admin": ["lake-admin"],
    "alex": ["lake-rw"],
    "sarah": ["lake-ro"],
    "mike": ["lake-engineer"],
    "sales": ["lake-sales"],
    "sales_team": ["lake-sales"],
    "marketing": ["lake-marketing"],
    "marketing_team": ["lake-marketing"],
}


def test_people_have_these_policies_and_no_other_and_the_store_knows_each() -> None:
    said = read_file(adapters_for())
    assert said
    people = people_of(said, Delta(), "nothing changed")
    passwords = {name: f"password-of-{name}" for name in people.accounts}
    made = yaml.safe_load(lake_people(Material(people, passwords=passwords)))["users"]
    assert {user["name"]: user["policies"] for user in made} == ACCOUNTS
    assert all(user["password"] == f"password-of-{user['name']}" for user in made)
    lake = yaml.safe_load((ROOT / "services" / "minio" / "config" / "lake.yaml").read_text())
    known = set(lake["policies"])
    assert {f"lake-{role.lake}" for role in said.roles.values()} - {"lake-none"} <= known
    programs = {program["name"] for program in lake["programs"]}
    assert programs <= set(said.reserved), "a person of that name would be a second account of it"
