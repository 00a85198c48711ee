"""What an export, a comparison and an applied export look like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from datameesh_cli.core.k8s.objects import identity
from datameesh_cli.core.k8s.rules import VERDICTS
from datameesh_cli.render.output import print_line, print_table
from datameesh_cli.usecases.compare_export import ComparedExport
from datameesh_cli.usecases.export_kubernetes import Export


def print_export(made: Export) -> None:
    """Given an export, print what lies where, the quotas with their sums, the validation, and the seconds."""
    rows: list[tuple[object, ...]] = []
    for total in made.sums:
        kinds = Counter(o["kind"] for o in made.objects if identity(o)[0] == total.namespace)
        pods = ", ".join(
            f"{n} {kind}" for kind, n in sorted(kinds.items()) if kind in ("Deployment", "StatefulSet", "Job")
        )
        rows.append((total.namespace, pods, f"{total.arithmetic} = {total.memory}", total.claims, total.node_ports))
    print_table(["namespace", "runs", "memory quota MiB", "claims", "NodePorts"], rows, right=["claims", "NodePorts"])
    said = ", ".join(f"{count} {verdict}" for verdict, count in _verdicts(made).items())
    print_line(f"Compose keys: {said} (each with its reason in export-report.json)")
    for stage in made.stages:
        print_line(f"validation, {stage.name}: {stage.state}: {stage.detail}")
    ratio = made.seconds / made.kompose_seconds
    print_line(f"kompose alone {made.kompose_seconds:.2f} s, the whole {made.seconds:.2f} s: {ratio:.2f} times")
    print_line(f"{len(made.objects)} objects in {len(made.files)} files: {made.out}")


def export_summary(made: Export, applied: Sequence[str] | None) -> dict[str, object]:
    """Given an export and what was applied (None: nothing was), return what a program wants to know of it."""
    return {
        "out": made.out,
        "files": sorted(made.files),
        "objects": len(made.objects),
        "keys": _verdicts(made),
        "quotas": made.sums,
        "validation": [{"stage": r.name, "state": r.state, "detail": r.detail} for r in made.stages],
        "seconds": {"kompose": round(made.kompose_seconds, 3), "whole": round(made.seconds, 3)},
        "applied": applied,
    }


def print_changes(compared: ComparedExport) -> None:
    """Given a comparison, print each change with the Compose key that it comes from."""
    if not compared.changes:
        print_line(f"{compared.out}: the same as a fresh export")
        return
    rows = [(f"{c.kind} {c.name}", c.path, _short(c.before), _short(c.after), c.key) for c in compared.changes]
    print_table(["object", "path", "before", "after", "comes from"], rows)
    print_line(f"{len(rows)} changes")


def print_applied(lines: Sequence[str]) -> None:
    """Given kubectl's lines, print how many objects were applied."""
    print_line(f"{len(lines)} objects applied")


def _verdicts(made: Export) -> dict[str, int]:
    """How many keys met with each verdict."""
    counts = Counter(f.verdict for f in made.conversion_report)
    return {verdict: counts[verdict] for verdict in VERDICTS}


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
