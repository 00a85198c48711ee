"""The names of the one Compose network keep working: an ExternalName Service wherever such a name is used.

So the configuration files are the same bytes on both targets. Policies act on pods, so an alias opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from datameesh_cli.core.k8s.kubernetes_pass import kubernetes_pass
from datameesh_cli.core.k8s.objects import COMMON, Object, Objects, remade
from datameesh_cli.core.k8s.source import CLUSTER, Source
from datameesh_cli.core.model import Service
from datameesh_cli.errors import UserError


@kubernetes_pass(after=("adopt",))
def aliases(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with the aliases. Raise UserError if two services want the same name in one namespace."""
    taken = {(p.namespace, p.name): p.address for p in source.parts if p.service.listens}
    for namespace, name, address in _wanted(source):
        if taken.setdefault((namespace, name), address) != address:
            raise UserError(
                f"in namespace {namespace} the name '{name}' would be {taken[namespace, name]} and {address}",
                "rename one of the services or its network alias",
            )
    own = {(p.namespace, p.name) for p in source.parts}
    fresh = [_alias(ns, name, address) for (ns, name), address in sorted(taken.items()) if (ns, name) not in own]
    return remade(objects, lambda o: o["kind"] == "Service" and o["spec"].get("type") == "ExternalName", fresh)


def _wanted(source: Source) -> Iterator[tuple[str, str, str]]:
    consumers: dict[str, set[str]] = {}
    for link in source.links():
        consumers.setdefault(link.service, set()).add(link.source.namespace)
    for part in source.parts:
        used_in = {part.namespace, *consumers.get(part.name, ())}
        yield from ((ns, part.name, part.address) for ns in sorted(used_in) if part.service.listens)
        for alias in part.aliases:
            name, _, rest = alias.partition(".")
            namespace = rest.removesuffix(f".{CLUSTER}")
            places = used_in if not rest else {namespace}
            yield from ((ns, name, part.address) for ns in sorted(places) if ns in source.namespaces)
    for service in source.outside:
        yield from _outside(service, source, consumers.get(service.name, set()))


def _outside(service: Service, source: Source, consumers: set[str]) -> Iterator[tuple[str, str, str]]:
    external = source.external(service.name)
    if external:
        yield from ((ns, service.name, external.host) for ns in sorted(consumers | {service.namespace}))


def _alias(namespace: str, name: str, address: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(COMMON)},
        "spec": {"type": "ExternalName", "externalName": address},
    }
