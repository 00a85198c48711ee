"""identity/people.yaml: who is in it, what it may not say, and what the tools get of it."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest
import yaml

from datameesh_cli.core.identity.makers import MAKERS
from datameesh_cli.core.identity.material import Material
from datameesh_cli.core.identity.people import ACADEMIC, Delta, Role, SqlGrants, file_from, people_of
from datameesh_cli.errors import UserError
from tests.contract.repo import ROOT

DATA = yaml.safe_load((ROOT / "identity" / "people.yaml").read_text())
PEOPLE = people_of(file_from(DATA, "x"), Delta(), "y")
MATERIAL = Material(
    PEOPLE,
    passwords={name: f"pw-{name}" for name in PEOPLE.accounts},
    hashes={name: f"hash-{name}" for name in PEOPLE.accounts},
)

# A matrix of role and tool by hand: what each tool lets a role do.
TOOLS = """
role            sql                           lake       database  notebooks  dashboards  catalog  console
admin           everything                    admin      none      admin      admin       admin    admin
engineer        domains:read,lake:all         engineer   read      user       editor      editor   operator
data-scientist  domains:read,lake:write       rw         none      user       editor      reader   viewer
analyst         domains:read,lake:read        ro         none      user       editor      reader   viewer
executive       marts:read                    none       none      none       viewer      reader   none
sales-team      own:all,domains:read,lake:read  sales      none      user       editor      editor   viewer
marketing-team  own:all,domains:read,lake:read  marketing  none      user       editor      editor   viewer
finance         marts:read                    none       none      none       viewer      reader   none
regions         none                          none       read      none       none        none     none
"""
_HEAD, *_ROWS = (line.split() for line in TOOLS.strip().splitlines())


@pytest.mark.row("S-SEC-30")
def test_there_is_a_row_for_every_role() -> None:
    assert [row[0] for row in _ROWS] == list(DATA["roles"])


@pytest.mark.row("S-SEC-30")
@pytest.mark.parametrize(
    ("role", "tool", "word"), [(r[0], t, w) for r in _ROWS for t, w in zip(_HEAD[1:], r[1:], strict=True)]
)
def test_each_role_and_tool(role: str, tool: str, word: str) -> None:
    said = getattr(PEOPLE.said.roles[role], tool)
    assert (_sql(said) if tool == "sql" else said) == word


def _sql(grants: SqlGrants) -> str:
    said = {f.name: getattr(grants, f.name) for f in dataclasses.fields(grants)}
    words = [
        name if level is True else f"{name}:{level}" for name, level in said.items() if level not in (False, "none")
    ]
    return ",".join(words) or "none"


@pytest.mark.row("S-SEC-30")
def test_no_tool_is_left_out() -> None:
    """A tool that comes to the file of people comes to the matrix, too."""
    assert set(_HEAD[1:]) == {f.name for f in dataclasses.fields(Role)} - {"about"}


def test_the_people_and_their_groups() -> None:
    assert {p.name: (p.groups, p.regions) for p in PEOPLE.people} == {
        "admin": (("admin",), ()),
        "alex": (("data-scientist",), ()),
        "sarah": (("analyst",), ()),
        "mike": (("engineer",), ()),
        "emma": (("executive",), ()),
        "sales": (("sales-team",), ()),
        "marketing": (("marketing-team",), ()),
        "sales_team": (("sales-team",), ()),
        "marketing_team": (("marketing-team",), ()),
        "emea_user": (("analyst", "regions"), ("EMEA",)),
    }
    assert {"dbt", "healthcheck"} <= set(PEOPLE.said.programs)


WRONG: list[tuple[tuple[Any, ...], Any, str, str]] = [
    (("people", "alex", "groups"), ["data-scientst"], "`people.alex.groups[0]`: there is no group", "'data-scientist'"),
    (("people", "alex", "groups"), [], "people.alex.groups", "groups"),
    (("people", "alex", "regions"), ["EMAE"], "`people.alex.regions[0]`: there is no region 'EMAE'", "'EMEA'"),
    (("people", "Alex"), DATA["people"]["alex"], "`people.Alex`: 'Alex' is no name", "small letters"),
    (("people", "dbt"), DATA["people"]["alex"], "`people.dbt`: 'dbt' is the account of a program", "another"),
    (("people", "alex", "email"), "alex", "people.alex.email", "alex@"),
    (("groups", "finance", "role"), "finanze", "`groups.finance.role`: there is no role 'finanze'", "'finance'"),
    (("groups", "legal"), {"about": "x"}, "`groups.legal`: there is no role 'legal'", "roles"),
    (("roles", "analyst", "sql"), {"domains": "raed"}, "roles.analyst.sql.domains", "'read'"),
    (("roles", "analyst", "notebook"), "user", "no key 'notebook'", "'notebooks'"),
    (("masks", 0, "never"), ["dbd"], "`masks[0].never`: there is no program 'dbd'", "'dbt'"),
    (("masks", 0, "tables"), "customer_(pii", "`masks[0].tables`", "joined by |"),
    (("filters", 0, "group"), "region", "`filters[0].group`: there is no group 'region'", "'regions'"),
    (("people", "admin", "groups"), ["analyst"], "nobody may do everything", "role"),
]


@pytest.mark.parametrize(
    ("steps", "value", "says", "hint"), WRONG, ids=lambda v: ".".join(map(str, v)) if isinstance(v, tuple) else ""
)
def test_what_it_may_not_say(steps: tuple[Any, ...], value: Any, says: str, hint: str) -> None:
    data = copy.deepcopy(DATA)
    node = data
    for step in steps[:-1]:
        node = node[step]
    node[steps[-1]] = value
    with pytest.raises(UserError) as refused:
        file_from(data, "identity/people.yaml")
    assert refused.value.message.startswith("identity/people.yaml: ")
    assert says in refused.value.message
    assert hint in refused.value.hint


def test_the_groups_of_the_engine() -> None:
    assert MAKERS["sql-groups"](MATERIAL) == (
        "admin:admin\nengineer:mike\ndata-scientist:alex\nanalyst:emea_user,sarah\nexecutive:emma\n"
        "sales-team:sales,sales_team\nmarketing-team:marketing,marketing_team\nregions:emea_user\n"
    )


def test_the_passwords_of_the_engine_are_of_people_and_programs() -> None:
    lines = MAKERS["password-hashes"](MATERIAL).splitlines()
    assert lines == [
        f"{name}:hash-{name}" for name in (*sorted(DATA["people"]), "dbt", "healthcheck", "marketing-app", "sales-app")
    ]


def test_who_has_a_login_of_the_databases() -> None:
    assert MAKERS["database-people"](MATERIAL) == (
        "emea_user\tanalyst,regions\tEMEA\tpw-emea_user\nmike\tengineer\t\tpw-mike\n"
    )


def test_in_mode_academic_everybody_has_a_login_of_the_databases_with_everything() -> None:
    lines = MAKERS["database-people"](dataclasses.replace(MATERIAL, mode=ACADEMIC)).splitlines()
    assert [line.split("\t")[0] for line in lines] == sorted(DATA["people"])
    assert {line.split("\t")[4] for line in lines} == {"everything"}
    assert "emea_user\tanalyst,regions\tEMEA\tpw-emea_user\teverything" in lines


def test_who_has_an_account_of_the_object_store() -> None:
    users = yaml.safe_load(MAKERS["lake-people"](MATERIAL))["users"]
    assert {u["name"]: (u["password"], u["policies"]) for u in users} == {
        "admin": ("pw-admin", ["lake-admin"]),
        "alex": ("pw-alex", ["lake-rw"]),
        "marketing": ("pw-marketing", ["lake-marketing"]),
        "marketing_team": ("pw-marketing_team", ["lake-marketing"]),
        "mike": ("pw-mike", ["lake-engineer"]),
        "sales": ("pw-sales", ["lake-sales"]),
        "sales_team": ("pw-sales_team", ["lake-sales"]),
        "sarah": ("pw-sarah", ["lake-ro"]),
    }
    everybody = yaml.safe_load(MAKERS["lake-people"](dataclasses.replace(MATERIAL, mode=ACADEMIC)))["users"]
    every = ["lake-engineer", "lake-rw", "lake-ro", "lake-sales", "lake-marketing"]
    assert {u["name"]: u["policies"] for u in everybody} == {
        name: ["lake-admin"] if name == "admin" else every for name in DATA["people"]
    }


def test_the_accounts_of_the_sign_in_service_have_groups_and_no_password() -> None:
    text = MAKERS["sign-in-people"](MATERIAL)
    found = {entry["username"]: entry for entry in yaml.safe_load(text)}
    assert set(found) == set(DATA["people"])
    assert found["emea_user"]["groups"] == ["analyst", "regions"]
    assert (found["alex"]["hash"], found["alex"]["preferredUsername"]) == ("hash-alex", "alex")
    assert "pw-" not in text
