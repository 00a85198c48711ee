"""How `dm` enters a running stack: with a person's own password, at a server that shows a certificate of the stack's authority."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from datameesh_cli.core.identity import people
from datameesh_cli.core.kind import Trust
from datameesh_cli.core.roles import way_in
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.derive_secrets import read_people

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.trino import Trino
    from datameesh_cli.core.model import Service

AUTHORITY = "mesh-ca"
ROTATE = "secrets rotate"
"""The command that restarts services with new secrets, and after which they are as they were."""
ROTATING = "rotating.json"
"""What it has stopped and what it was asked for, as long as it is at work."""


def trusted_ports(adapters: Adapters, services: Iterable[Service], context: str = "") -> dict[str, Trust]:
    """Given services, and the kubectl context of their cluster ("" under Compose), return by variable whom to trust at the
    published ports that speak TLS."""
    authority = str(adapters.state.secret_file(context, AUTHORITY))
    return {p.variable: Trust(authority, s.name) for s in services for p in s.ports if p.secure}


def password_of(adapters: Adapters, context: str, user: str) -> str:
    """Given a person or a program, return the password. Raise UserError, with the names there are, for one whom nobody knows."""
    found = read_people(adapters)
    names = found.accounts if found else ()
    if user not in names:
        raise UserError(f"nobody is called '{user}'", f"there are: {', '.join(names)}")
    return adapters.state.secret_of(context, people.password_of(user))


def trino_at(adapters: Adapters, service: Service, address: str, port: int, context: str = "") -> Trino:
    """Given the service that runs SQL, and where it is published, return what asks it as whoever is named."""
    trust = trusted_ports(adapters, [service], context).get(way_in(service).variable)
    signs_in = partial(password_of, adapters, context) if trust else None
    return adapters.trino(address, port, trust, signs_in, changing=partial(_is_rotated, adapters))


def _is_rotated(adapters: Adapters) -> bool:
    return adapters.state.is_at_work(ROTATE)


def cut_short(adapters: Adapters) -> str:
    """Return what must be known, and done, of a rotation that was killed; "" where none was."""
    left = adapters.state.read_json(ROTATING)
    if not isinstance(left, dict) or _is_rotated(adapters):
        return ""
    stopped = ", ".join(left.get("stopped", ())) or "no service"
    return (
        f"a rotation of secrets was killed: it had stopped {stopped}, and some values may still be the old ones; "
        f"start what is stopped: dm up; then: dm {ROTATE} {left.get('asked', '--all')}"
    )
