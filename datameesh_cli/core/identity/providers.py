"""Who stands behind the sign-in service: directories and other providers, and what it is told of them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PlainValidator

from datameesh_cli.core.declaration import Edge
from datameesh_cli.core.identity.people import IdentityFile
from datameesh_cli.core.model import Service
from datameesh_cli.core.roles import SIGN_IN
from datameesh_cli.core.schema import Text, Wrong, declared, key, nearest

if TYPE_CHECKING:
    from datameesh_cli.core.identity.material import Material

_OUTSIDE = r"^[a-z0-9][a-z0-9.-]*:[0-9]{1,5}$"
_PLACEHOLDER = re.compile(r"(^|\.)example(\.org|\.com|\.net)?$")


def _edge(value: Any) -> Edge:
    host, _, port = str(value).partition(":")
    if not re.fullmatch(_OUTSIDE, str(value)) or not 0 < int(port) < 65536:
        raise Wrong(f"{value!r} is no host and port", 'write outside: ["ldap.mycompany.com:636"]')
    return Edge(host, int(port))


_EdgeText = Annotated[str, Field(pattern=_OUTSIDE)]


@declared
class ProviderFile:
    """A directory or another provider of people, behind the sign-in service."""

    title: Text = key("what stands on the page where people choose how to sign in", example="Company directory")
    type: Literal["ldap", "oidc"] = key("what it speaks: LDAP, or OpenID Connect")
    outside: tuple[Annotated[Edge, PlainValidator(_edge, json_schema_input_type=_EdgeText)], ...] = key(
        "the connections that the sign-in service opens for it, as host:port; no other leaves the network",
        min_length=1,
        example=["ldap.mycompany.com:636"],
    )
    config: Mapping[str, Any] = key(
        "Dex's settings of that connector; $SECRET is what opens it, $CA the authority below, $SIGN_IN_ISSUER our own address",
        example={"host": "ldap.mycompany.com:636", "bindPW": "$SECRET"},
    )
    groups: Mapping[str, Text] = key(
        "its groups, and which of ours each is; every other one is left out",
        default_factory=dict,
        example={"Data Science": "data-scientist"},
    )
    authority: str = key("PEM: who vouches for its certificate, where that is nobody whom everybody trusts", default="")


@dataclass(frozen=True, slots=True)
class Provider:
    """One that was chosen: its name, what its file says, and the secret that opens it."""

    name: str
    said: ProviderFile
    secret: str


def check_provider(said: ProviderFile, people: IdentityFile) -> None:
    """Given what a file says, raise Wrong for a group that we have not, or a host that nobody has put in yet."""
    for theirs, ours in said.groups.items():
        if ours not in people.groups:
            raise Wrong(f"`groups.{theirs}`: there is no group '{ours}'", nearest(ours, people.groups, "groups"))
    for edge in said.outside:
        if _PLACEHOLDER.search(edge.service):
            raise Wrong(f"`outside`: {edge.service} is a placeholder", "write the host of yours, here and in `config`")


def sign_in_providers(material: Material) -> str:
    """Given what there is, return a line of Dex's connectors, then lines of its environment: what no provider may say of somebody,
    and what opens each. Without any provider: no connector."""
    chosen = material.providers
    lines = ["connectors: " + json.dumps([_connector(p) for p in chosen])]
    if chosen:
        said = material.people.said
        rules = {"reserved": [*said.reserved, *said.programs], "groups": {p.name: dict(p.said.groups) for p in chosen}}
        lines += ["SIGN_IN_PROVIDERS=" + json.dumps(rules)]
        lines += [f"{_variable(p)}={p.secret}" for p in chosen]
    return "\n".join(lines) + "\n"


def opened(services: Iterable[Service], chosen: Iterable[Provider]) -> tuple[Service, ...]:
    """Given services and the providers that were chosen, return the services with the connections out that these need."""
    edges = tuple(dict.fromkeys(edge for provider in chosen for edge in provider.said.outside))
    return tuple(replace(s, outside=edges) if SIGN_IN in s.provides else s for s in services)


def _connector(provider: Provider) -> dict[str, Any]:
    said = provider.said
    config = json.dumps(said.config).replace("$SECRET", f"${_variable(provider)}")
    config = config.replace("$CA", base64.b64encode(said.authority.encode()).decode())
    return {"type": said.type, "id": provider.name, "name": said.title, "config": json.loads(config)}


def _variable(provider: Provider) -> str:
    return "SIGN_IN_SECRET_" + provider.name.upper().replace("-", "_")
