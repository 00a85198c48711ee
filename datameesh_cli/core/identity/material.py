"""What derived secrets are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from datameesh_cli.core.identity.people import ACADEMIC, GOVERNED, Mode, People

if TYPE_CHECKING:
    from datameesh_cli.core.identity.providers import Provider


@dataclass(frozen=True, slots=True)
class Catalog:
    """A catalog of the query engine: of a domain, whose owner is a team, or the engine's own (the lake)."""

    name: str
    kind: Literal["domain", "lake"]
    owner: str


@dataclass(frozen=True, slots=True)
class Material:
    """People, mode and passwords of a stack, its catalogs, and the certificates that its authority gave."""

    people: People
    mode: Mode = GOVERNED
    passwords: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    catalogs: tuple[Catalog, ...] = ()
    authority: str = ""
    certificate: str = ""
    providers: tuple[Provider, ...] = ()
    """Who else says who people are."""

    @property
    def academic(self) -> bool:
        """Whether every person may do everything."""
        return self.mode == ACADEMIC
