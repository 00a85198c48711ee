"""The memory plan as a table."""

from __future__ import annotations

from datameesh_cli.core.memory import format_mib
from datameesh_cli.render.output import print_line, print_table
from datameesh_cli.usecases.plan_memory import Planned


def print_plan(planned: Planned) -> None:
    """Given a plan, print service, limit, heap, share and why, then the sum."""
    plan = planned.plan
    rows: list[tuple[object, ...]] = []
    for service in planned.services:
        share = plan.share(service.name)
        if share is None:
            rows.append((service.name, "-", "", "", plan.left_out.get(service.name, "")))
            continue
        count = f" x {share.replicas}" if share.replicas != 1 else ""
        rows.append(
            (service.name, f"{share.limit}{count}", share.heap or "", f"{share.share_of_budget:.0%}", share.why)
        )
    print_table(["service", "limit MiB", "heap MiB", "share", "why"], rows, right=["limit MiB", "heap MiB", "share"])
    print_line(
        f"profiles {', '.join(plan.profiles)}: limits {plan.total} MiB "
        f"of a budget of {plan.budget} MiB ({format_mib(plan.budget)}; {planned.source})"
    )
