"""`dm k8s-export`."""

from __future__ import annotations

from pathlib import Path

import typer

from datameesh_cli.adapters.outside import outside
from datameesh_cli.core.memory import parse_mib
from datameesh_cli.errors import UnhealthyError, UserError
from datameesh_cli.render.output import OUTPUT, Output, print_json, say

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def k8s_export(
    ctx: typer.Context,
    profile: list[str] = typer.Option(
        [], "--profile", "-p", help="Profile to export; repeat for several. Default: analytics."
    ),
    ram: str | None = typer.Option(
        None, "--ram", help="Memory budget, such as 1536m or 6g. Default: what the engine has less a reserve."
    ),
    out: Path | None = typer.Option(None, "--out", help="The folder of the export. Default: k8s-export/out."),
    target: str = typer.Option("kind", "--target", help="A file of k8s-export/targets/: kind, cluster, aws."),
    check: bool = typer.Option(
        False, "--check", help="Write nothing; exit code 4 if the last export differs from a fresh one."
    ),
    diff: bool = typer.Option(False, "--diff", help="Write nothing; say what would change, and by which Compose key."),
    context: str | None = typer.Option(
        None, "--context", help="A kubectl context: the export is tried on it (dry run)."
    ),
    apply: bool = typer.Option(False, "--apply", help="Apply the export, with its Secrets, to --context."),
    workers: int | None = typer.Option(
        None, "--workers", help="So many query workers; twice as many when they are busy."
    ),
    storage_class: str | None = typer.Option(None, "--storage-class", help="The storage class of the volume claims."),
    registry: str | None = typer.Option(
        None, "--registry", help="Prefix of all images, such as registry.example.org/mesh."
    ),
    pull_secret: str | None = typer.Option(None, "--pull-secret", help="The Secret that opens the registry."),
    ingress: str | None = typer.Option(None, "--ingress", help="Ways in by name and TLS: <title>.HOST for each URL."),
    output: Output = OUTPUT,
) -> None:
    """Turn the Compose model into Kubernetes manifests, check them, and put them into a folder. Needs no running stack.

    Example: dm k8s-export --profile analytics --ram 6g
    """
    from datameesh_cli.render.k8s import print_applied, print_changes, print_export
    from datameesh_cli.usecases.apply_export import apply_export
    from datameesh_cli.usecases.compare_export import compare_export
    from datameesh_cli.usecases.export_kubernetes import ExportRequest, export_kubernetes
    from datameesh_cli.usecases.read_source import TargetRequest

    if apply and not context:
        raise UserError("--apply needs to know where to", "name the cluster: --apply --context NAME")
    world = outside(ctx.obj)
    request = ExportRequest(
        profiles=tuple(profile),
        ram=None if ram is None else parse_mib(ram),
        out=out or world.repository.root / "k8s-export" / "out",
        target=TargetRequest(target, storage_class, registry, pull_secret, workers, ingress),
        context=context,
    )
    if check or diff:
        compared = compare_export(world, request, say)
        print_json(compared.changes) if output is Output.json else print_changes(compared)
        if check and compared.changes:
            raise UnhealthyError(
                f"the export in {compared.out} is not what the repository gives now ({len(compared.changes)} changes)",
                "see: dm k8s-export --diff; then: dm k8s-export",
            )
        return
    made = export_kubernetes(world, request, say)
    applied = apply_export(world, made, str(context)) if apply else None
    if output is Output.json:
        print_json(summary_of(made, applied))
        return
    print_export(made)
    if applied is not None:
        print_applied(applied)


def summary_of(made: object, applied: object) -> dict[str, object]:
    """Given an export and what was applied, return what a program wants to know of it."""
    from datameesh_cli.usecases.export_kubernetes import Export

    assert isinstance(made, Export)
    return {
        "out": made.out,
        "files": sorted(made.files),
        "objects": len(made.objects),
        "keys": {v: sum(f.verdict == v for f in made.fates) for v in ("converted", "repaired", "dropped")},
        "quotas": made.sums,
        "ladder": [{"rung": r.name, "state": r.state, "detail": r.detail} for r in made.rungs],
        "seconds": {"kompose": round(made.kompose_seconds, 3), "whole": round(made.seconds, 3)},
        "applied": applied,
    }
