"""`dm security provider`: a directory or another provider of people behind the sign-in service."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datameesh_cli.core.identity.providers import Provider, ProviderFile, check_provider
from datameesh_cli.core.schema import Wrong, nearest, read
from datameesh_cli.core.stream import Report
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.derive_secrets import (
    PROVIDERS,
    derive_again,
    kept_providers,
    read_file,
    read_providers,
    required,
)
from datameesh_cli.usecases.enforce_network import follow

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters

_NAME = r"[a-z][a-z0-9-]{0,31}"
_OWN = "local"
"""What the sign-in service calls its own accounts."""


@dataclass(frozen=True, slots=True)
class ProviderLine:
    """A provider as it is shown: what people read of it, what it speaks, and the connections that are let out for it."""

    name: str
    title: str
    type: str
    outside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Behind:
    """The providers behind the sign-in service, and the derived secrets that are new."""

    providers: tuple[ProviderLine, ...]
    secrets: tuple[str, ...] = ()


def show_providers(adapters: Adapters) -> Behind:
    """Return the providers behind the sign-in service."""
    return Behind(tuple(_line(p) for p in read_providers(adapters)))


def add_provider(adapters: Adapters, typed: str, secret: str, report: Report) -> Behind:
    """Given a name of identity/providers/ or a file, and the secret that opens the provider, put it behind the sign-in service.

    One of the same name goes. Raise UserError for a file that is not valid or still has placeholders, or without a secret.
    """
    path = Path(typed) if typed.endswith(".yaml") else _folder(adapters) / f"{typed}.yaml"
    if not adapters.repository.has(path):
        known = [p.stem for p in adapters.repository.found(_folder(adapters), "*.yaml")]
        raise UserError(
            f"there is no provider '{typed}'", f"{nearest(typed, known, 'providers')}; or name a .yaml file"
        )
    name, where = path.stem, adapters.repository.relative(path)
    if not re.fullmatch(_NAME, name) or name == _OWN:
        raise UserError(f"'{name}' is no name for a provider", "small letters, digits and -, and not local")
    content = adapters.repository.read_yaml(path)
    _check(adapters, read(ProviderFile, content, where), where)
    if not secret or not secret.isprintable():
        raise UserError(
            f"{name} needs the secret that opens it: one line of text",
            f"dm security provider {typed} --stdin < file-of-the-secret",
        )
    with adapters.state.locked("security provider"):
        return _keep(adapters, {**kept_providers(adapters), name: {"said": content, "secret": secret}}, report)


def remove_provider(adapters: Adapters, name: str, report: Report) -> Behind:
    """Given a provider's name, take it away: nobody comes by it any more. Raise UserError if it is not there."""
    with adapters.state.locked("security provider"):
        kept = kept_providers(adapters)
        if name not in kept:
            raise UserError(f"the provider '{name}' is not behind the sign-in service", nearest(name, kept, "there"))
        return _keep(adapters, {each: said for each, said in kept.items() if each != name}, report)


def _check(adapters: Adapters, said: ProviderFile, where: str) -> None:
    people = required(read_file(adapters))
    try:
        check_provider(said, people)
    except Wrong as wrong:
        raise UserError(f"{where}: {wrong}", wrong.hint) from wrong


def _keep(adapters: Adapters, chosen: dict[str, Any], report: Report) -> Behind:
    """For this user alone: the secrets stand in it. The way out is open before anybody is sent there."""
    adapters.state.write_private(PROVIDERS, json.dumps(chosen) + "\n")
    follow(adapters, report)
    secrets = derive_again(adapters)
    return Behind(show_providers(adapters).providers, secrets)


def _folder(adapters: Adapters) -> Path:
    return adapters.repository.root / "identity" / "providers"


def _line(provider: Provider) -> ProviderLine:
    edges = tuple(f"{edge.service}:{edge.port}" for edge in provider.said.outside)
    return ProviderLine(provider.name, provider.said.title, provider.said.type, edges)
