"""The makers of derived secrets, by the name that a fragment says in x-datameesh `identity:`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from datameesh_cli.core.declaration import Maker
from datameesh_cli.core.identity import (
    api_people,
    certificates,
    database_people,
    lake_people,
    providers,
    sign_in_people,
    sql_lists,
    sql_rules,
)
from datameesh_cli.core.identity.material import Material

MAKERS: Mapping[Maker, Callable[[Material], str]] = {
    "sql-rules": sql_rules.sql_rules,
    "sql-groups": sql_lists.sql_groups,
    "password-hashes": sql_lists.password_hashes,
    "database-people": database_people.database_people,
    "lake-people": lake_people.lake_people,
    "sign-in-people": sign_in_people.sign_in_people,
    "sign-in-providers": providers.sign_in_providers,
    "certificate": certificates.certificate,
    "authority": certificates.authority,
    "api-people": api_people.api_people,
}
