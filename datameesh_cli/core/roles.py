"""Roles: what a service provides to the others. Code asks for a role; which service has it is said in that service's folder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from datameesh_cli.errors import UserError

if TYPE_CHECKING:
    from datameesh_cli.core.model import Port, Service

SQL = "sql"
"""Federated SQL; its queries lie in the folder's queries/."""
OBJECT_STORE = "object-store"
"""S3; its root key are its secrets `*-access-key` and `*-secret-key`."""
METASTORE = "metastore"
TRANSFORMATION = "transformation"
"""The job that builds marts."""
DOMAIN_DATABASE = "domain-database"
PLATFORM_DATABASE = "platform-database"
"""The server on which services of the platform have databases."""
SIGN_IN = "sign-in"
"""Where people sign in once for all tools."""
MARTS = "marts"
"""The domain's database in which marts are served."""
STATEMENT_TRAIL = "statement-trail"
"""Who writes down every statement, in a database of its own name on the server that it consumes; `<name>_reader` reads it."""


def all_providing(services: Iterable[Service], role: str) -> tuple[Service, ...]:
    """Given services and a role, return those that provide it, by name."""
    return tuple(sorted((s for s in services if role in s.provides), key=lambda s: s.name))


def providing(services: Iterable[Service], role: str) -> Service:
    """Given services and a role, return the one that provides it. Raise UserError if none does, or several do."""
    found = all_providing(services, role)
    if len(found) == 1:
        return found[0]
    if found:
        names = " and ".join(s.name for s in found)
        raise UserError(f"{names} provide '{role}', and only one may", "take it out of `provides:` of the others")
    raise UserError(f"no service provides '{role}'", f"a fragment says so in x-datameesh: provides: [{role}]")


def way_in(service: Service) -> Port:
    """Given the provider of a role, return the published port at which it answers: its first. Raise UserError if it has none."""
    if not service.ports:
        raise UserError(f"{service.name} publishes no port", "its first entry of `ports:` is where its role is reached")
    return service.ports[0]


def key_pair(service: Service) -> tuple[str, str]:
    """Given the object store, return the names of the two secrets that open it. Raise UserError if it has not one of each."""
    pair = [[s for s in service.secrets if s.endswith(end)] for end in ("-access-key", "-secret-key")]
    if any(len(names) != 1 for names in pair):
        raise UserError(
            f"{service.name} has not one secret `*-access-key` and one `*-secret-key`",
            "the pair opens the object store: add it to `secrets:`",
        )
    return pair[0][0], pair[1][0]
