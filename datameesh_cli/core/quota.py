"""What a namespace may hold: the sum of its containers' limits, as a ResourceQuota of Kubernetes counts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from datameesh_cli.core.memory import format_mib, parse_mib
from datameesh_cli.core.model import Service
from datameesh_cli.core.ram_plan import RamPlan
from datameesh_cli.errors import HostError, UserError


def quotas_from(texts: Sequence[str]) -> dict[str, int]:
    """Given quotas as text (`data-platform=2g`), return MiB by namespace. Raise UserError for one that is not NAMESPACE=SIZE."""
    quotas = {}
    for text in texts:
        namespace, equals, size = text.partition("=")
        if not namespace or not equals:
            raise UserError(f"--quota {text} is not NAMESPACE=SIZE", "for example: --quota data-platform=2g")
        quotas[namespace] = parse_mib(size)
    return quotas


def refuse_over_quota(plan: RamPlan, services: Sequence[Service], quotas: Mapping[str, int]) -> None:
    """Given a plan, all services and quotas in MiB by namespace, return if each namespace stays within its own.

    Raise UserError for a namespace that no service lives in, HostError, with the arithmetic, for one that holds too much.
    """
    homes = {s.name: s.namespace for s in services}
    for namespace, quota in sorted(quotas.items()):
        if namespace not in homes.values():
            raise UserError(
                f"no service lives in namespace '{namespace}'", "namespaces: " + ", ".join(sorted(set(homes.values())))
            )
        held = [share for share in plan.shares if homes[share.service] == namespace]
        total = sum(share.limit * share.replicas for share in held)
        if total > quota:
            terms = " + ".join(f"{s.service} {s.limit * s.replicas}" for s in held if s.replicas)
            raise HostError(
                f"namespace {namespace} may hold {format_mib(quota)}, its limits come to {format_mib(total)}: {terms}",
                f"start with less (--ram), or raise the quota: --quota {namespace}={total}m",
            )
