"""The passes in their order. `passes(passes(x)) == passes(x)`: each makes its own part anew from the model."""

from __future__ import annotations

from collections.abc import Callable

from datameesh_cli.core.k8s.adopt import adopt
from datameesh_cli.core.k8s.aliases import aliases
from datameesh_cli.core.k8s.configs import configs
from datameesh_cli.core.k8s.containers import containers
from datameesh_cli.core.k8s.controllers import controllers
from datameesh_cli.core.k8s.ingress import ingress
from datameesh_cli.core.k8s.namespaces import namespaces
from datameesh_cli.core.k8s.objects import Objects, in_order
from datameesh_cli.core.k8s.observability import observability
from datameesh_cli.core.k8s.policies import policies
from datameesh_cli.core.k8s.ports import ports
from datameesh_cli.core.k8s.probes import probes
from datameesh_cli.core.k8s.quotas import quotas
from datameesh_cli.core.k8s.resources import resources
from datameesh_cli.core.k8s.scheduling import scheduling
from datameesh_cli.core.k8s.secrets import secrets
from datameesh_cli.core.k8s.security import security
from datameesh_cli.core.k8s.source import Source
from datameesh_cli.core.k8s.volumes import volumes
from datameesh_cli.core.k8s.waiting import waiting

Pass = Callable[[Objects, Source], Objects]

PASSES: tuple[Pass, ...] = (
    *(adopt, controllers, containers, ports, aliases, volumes, configs, secrets, probes, waiting, resources),
    *(security, scheduling, observability, policies, ingress, namespaces, quotas),
)


def passes(objects: Objects, source: Source) -> Objects:
    """Given kompose's draft (or what this made of it) and the source, return the objects of the export, in order."""
    for one in PASSES:
        objects = one(objects, source)
    return in_order(objects)
