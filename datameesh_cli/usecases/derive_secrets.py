"""Secrets that follow from the file of people: read the people in effect, make each derived secret, keep it where it is mounted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from datameesh_cli.core.declaration import Maker
from datameesh_cli.core.identity.makers import MAKERS
from datameesh_cli.core.identity.material import Catalog, Material
from datameesh_cli.core.identity.people import (
    ACADEMIC,
    GOVERNED,
    Delta,
    IdentityFile,
    Mode,
    People,
    file_from,
    password_of,
    people_of,
)
from datameesh_cli.core.identity.providers import Provider, ProviderFile
from datameesh_cli.core.model import Service
from datameesh_cli.core.roles import DOMAIN_DATABASE, SQL
from datameesh_cli.core.schema import read
from datameesh_cli.core.stack import EVERYWHERE, LOOPBACK, bind_of
from datameesh_cli.errors import UserError

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.state import State

T = TypeVar("T")

DELTA = "people.yaml"
MODE = "identity.json"
PROVIDERS = "providers.json"
"""What stands behind the sign-in service, with the secret that opens each; for this user alone."""
HASHES = "password-hashes.json"
"""Hashes of passwords, kept so that a hash stays the same; for this user alone."""


def read_file(adapters: Adapters) -> IdentityFile | None:
    """Return what the checkout's file of people says; None where a checkout has none."""
    path = adapters.repository.root / "identity" / "people.yaml"
    if not adapters.repository.has(path):
        return None
    return file_from(adapters.repository.read_yaml(path), adapters.repository.relative(path))


def read_delta(adapters: Adapters) -> Delta:
    """Return what was changed in this stack."""
    kept = adapters.state.read_json(DELTA)
    if kept is None and adapters.repository.has(adapters.state.folder / DELTA):
        # Taken for "nothing was changed", it would let in again who was removed.
        raise UserError(
            f"{_where(adapters)} is no JSON", "correct it, or remove it to have the people of identity/people.yaml"
        )
    return read(Delta, kept or {}, _where(adapters))


def read_people(adapters: Adapters) -> People | None:
    """Return the people in effect in this stack. Raise UserError for a file or a change that is not valid."""
    said = read_file(adapters)
    return people_of(said, read_delta(adapters), _where(adapters)) if said else None


def read_mode(adapters: Adapters) -> Mode:
    """Return the stack's mode."""
    kept = adapters.state.read_json(MODE)
    return ACADEMIC if isinstance(kept, dict) and kept.get("mode") == ACADEMIC else GOVERNED


def kept_providers(adapters: Adapters) -> dict[str, Any]:
    """Return what is kept of each provider behind the sign-in service, by name: what its file `said`, and its `secret`."""
    kept = adapters.state.read_json(PROVIDERS)
    return kept if isinstance(kept, dict) else {}


def read_providers(adapters: Adapters) -> tuple[Provider, ...]:
    """Return the providers behind the sign-in service, by name."""
    where = adapters.repository.relative(adapters.state.folder / PROVIDERS)
    kept = sorted(kept_providers(adapters).items())
    return tuple(Provider(name, read(ProviderFile, each["said"], where), each["secret"]) for name, each in kept)


def required(said: T | None) -> T:
    """Given what was read of the file of people, return it. Raise UserError where the checkout has none."""
    if said is None:
        raise UserError("identity/people.yaml is missing", "restore it: git checkout -- identity/people.yaml")
    return said


def mode_warning(mode: Mode) -> str:
    """Given a mode, return what everybody must know of it; "" where there is nothing."""
    if mode == GOVERNED:
        return ""
    return (
        "mode academic: every person may read and write everything, unmasked; back to roles: dm security mode governed"
    )


def makers_of(services: Iterable[Service]) -> dict[str, Maker]:
    """Given services, return what makes each derived secret. Raise UserError where two of them say it otherwise."""
    found: dict[str, Maker] = {}
    for service in services:
        for name, maker in service.identity.items():
            if found.setdefault(name, maker) != maker:
                where = f"services/{service.folder}/compose.yaml, service '{service.name}'"
                raise UserError(f"{where}: '{name}' is made by {found[name]} elsewhere", f"write {name}: {found[name]}")
    return found


def secrets_of(adapters: Adapters, services: Sequence[Service]) -> list[str]:
    """Given services, return the names of the secrets that are drawn: theirs that are not derived, and everybody's password."""
    own = {name for s in services for name in s.secrets} - set(makers_of(adapters.repository.model().services))
    return sorted(own.union(passwords(adapters)))


def passwords(adapters: Adapters) -> tuple[str, ...]:
    """Return the names of the secrets that are everybody's passwords: people's and programs'."""
    people = read_people(adapters)
    return tuple(password_of(name) for name in (people.accounts if people else ()))


def derive_secrets(
    adapters: Adapters, services: Sequence[Service], store: State, only: Iterable[str] | None = None
) -> dict[str, str]:
    """Given services and a store that has everybody's password, bring their derived secrets there up to date and return them.

    The store is the stack's own, or that of an export with passwords of its own. `only` names those to be made.
    """
    holders = adapters.repository.model().services
    said = makers_of([*holders, *services])
    wanted = {name for service in services for name in service.secrets}.intersection(said if only is None else only)
    makers = {name: maker for name, maker in said.items() if name in wanted}
    people = read_people(adapters)
    if not makers:
        return {}
    material = _material(adapters, required(people), store)
    made = {}
    for name, maker in makers.items():
        if maker in ("certificate", "authority"):
            ours, signed = _certified(adapters, holders, store, name)
            material = replace(material, authority=ours, certificate=signed)
        made[name] = MAKERS[maker](material)
        store.write_derived(name, made[name])
    return made


def derive_again(adapters: Adapters) -> tuple[str, ...]:
    """After a change of people, mode or passwords: bring up to date what a container of this stack may have mounted.

    Everybody who is new gets a password. Return the names of the derived secrets that were otherwise; those that were never made
    are not made now.
    """
    services = adapters.repository.model().services
    adapters.state.ensure_secrets(passwords(adapters))
    there = {name: adapters.state.derived(name) for name in makers_of(services)}
    in_use = [s for s in services if any(there.get(name) for name in s.secrets)]
    made = derive_secrets(adapters, in_use, adapters.state, only=[name for name, text in there.items() if text])
    return tuple(sorted(name for name, text in made.items() if text != there[name]))


def _material(adapters: Adapters, people: People, store: State) -> Material:
    values = {name: store.secret(password_of(name)) for name in people.accounts}
    kept = adapters.hashes.hashes(values, store.read_json(HASHES))
    if kept != store.read_json(HASHES):
        store.write_private(HASHES, json.dumps(kept))
    return Material(
        people=people,
        mode=read_mode(adapters),
        passwords=values,
        hashes={name: entry["hash"] for name, entry in kept.items()},
        catalogs=catalogs(adapters),
        providers=read_providers(adapters),
    )


def _certified(adapters: Adapters, services: Sequence[Service], store: State, name: str) -> tuple[str, str]:
    """The authority's certificate, and what it signs for the services that have a secret."""
    authority = adapters.authority(store.folder, store.name, adapters.clock.utc())
    kept = adapters.state.read_json("plan.json") or {}
    bound = bind_of(adapters.host.environment().get("DM_BIND") or kept.get("bind", "")).address
    names = [address for s in services if name in s.identity for address in s.addresses]
    names += ["localhost", LOOPBACK, *(a for a in (bound,) if a not in (LOOPBACK, EVERYWHERE))]
    return authority.certificate, authority.leaf(names, store.derived(name))


def catalogs(adapters: Adapters) -> tuple[Catalog, ...]:
    """Return the query engine's catalogs, sorted, each with whom its folder belongs to."""
    found: dict[str, Catalog] = {}
    for service in adapters.repository.model().services:
        kind = "domain" if DOMAIN_DATABASE in service.provides else "lake" if SQL in service.provides else None
        folder = adapters.repository.root / "services" / service.folder / "catalog"
        for path in adapters.repository.found(folder, "*.properties") if kind else ():
            found[path.stem] = Catalog(path.stem, "domain" if kind == "domain" else "lake", service.owner)
    return tuple(found[name] for name in sorted(found))


def _where(adapters: Adapters) -> str:
    return adapters.repository.relative(adapters.state.folder / DELTA)
