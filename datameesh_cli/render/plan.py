"""The memory plan as a table."""

from __future__ import annotations

from typing import Any

from datameesh_cli.core.memory import format_mib
from datameesh_cli.render.output import plain, print_line, print_table, report
from datameesh_cli.usecases.plan_memory import Planned, Preview


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
        f"{planned.selection}: limits {plan.total} MiB "
        f"of a budget of {plan.budget} MiB ({format_mib(plan.budget)}; {planned.source})"
    )


def print_preview(preview: Preview) -> None:
    """Given a plan and what runs, print the plan, and then what runs where that is something else."""
    print_plan(preview.planned)
    for warning in preview.planned.warnings:
        report(warning)
    selection, budget, running = preview.planned.selection, preview.planned.plan.budget, preview.running
    if running is None or (running.selection, running.budget) == (selection, budget):
        return
    print_line(f"running now: {running.selection} in a budget of {format_mib(running.budget)}")
    if {*running.profiles, *running.services} - {*selection.profiles, *selection.services}:
        print_line("dm up adds to what runs; for this plan alone: dm down first")


def plan_json(preview: Preview) -> dict[str, Any]:
    """Given a plan and what runs, return the plan as one document, with what runs under `running`."""
    document: dict[str, Any] = plain(preview.planned.plan)
    return document | {"running": plain(preview.running)}
