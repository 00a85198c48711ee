"""The stack's own object store. The server itself makes its buckets, policies and people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datameesh_cli.core.roles import OBJECT_STORE, key_pair, way_in
from datameesh_cli.usecases.plan_memory import plan_memory
from datameesh_cli.usecases.sign_in import trusted_ports

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters
    from datameesh_cli.adapters.object_store import ObjectStore
    from datameesh_cli.core.model import Service

LAKE = "datalake"


def lake_of(adapters: Adapters) -> ObjectStore:
    """Return the stack's object store, with the root key. Raise HostError if the stack was never started."""
    planned = plan_memory(adapters, (), None)
    service = planned.model.providing(OBJECT_STORE)
    port = next(p.host for p in planned.ports if p.variable == way_in(service).variable)
    access_key, secret_key = (adapters.state.secret(name) for name in key_pair(service))
    return store_at(adapters, service, f"{planned.bind.reached_at}:{port}", (access_key, secret_key))


def store_at(
    adapters: Adapters, service: Service, endpoint: str, keys: tuple[str, str], context: str = ""
) -> ObjectStore:
    """Given the service that is the object store, where it is published, and a key pair, return what asks it."""
    trust = trusted_ports(adapters, [service], context).get(way_in(service).variable)
    return adapters.store(endpoint, *keys, trust)
