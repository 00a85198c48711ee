"""Turn the Compose model into Kubernetes manifests, check them, and put them into a folder.

Needs no running stack.

Example: dm k8s export --profile analytics --ram 6g
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.memory import parse_mib
from datameesh_cli.errors import UnhealthyError, UserError
from datameesh_cli.render.output import OUTPUT, Output, print_json, report

if TYPE_CHECKING:
    from datameesh_cli.usecases.export_kubernetes import ExportRequest


PROFILE = typer.Option([], "--profile", "-p", help="Profile to export; repeat for several. Default: analytics.")
RAM = typer.Option(
    None, "--ram", help="Memory budget, such as 1536m or 6g. Default: what the engine has less a reserve."
)
OUT = typer.Option(None, "--out", help="The folder of the export. Default: k8s-export/out.")
TARGET = typer.Option("kind", "--target", help="A file of k8s-export/targets/: kind, cluster, aws.")
CHECK = typer.Option(False, "--check", help="Write nothing; exit code 4 if the last export differs from a fresh one.")
DIFF = typer.Option(False, "--diff", help="Write nothing; say what would change, and by which Compose key.")
CONTEXT = typer.Option(None, "--context", help="A kubectl context: the export is tried on it (dry run).")
APPLY = typer.Option(False, "--apply", help="Apply the export, with its Secrets, to --context.")
REPLACE = typer.Option(
    False, "--replace-secrets", help="With --apply: also put another value in place of one that the cluster has."
)
WORKERS = typer.Option(None, "--workers", help="So many query workers; twice as many when they are busy.")
STORAGE_CLASS = typer.Option(None, "--storage-class", help="The storage class of the volume claims.")
ENCRYPTED = typer.Option(False, "--encrypted", help="Claims of the class that the target names for encrypted volumes.")
REGISTRY = typer.Option(None, "--registry", help="Prefix of all images, such as registry.example.org/mesh.")
PULL_SECRET = typer.Option(None, "--pull-secret", help="The Secret that opens the registry.")
SEALED = typer.Option(False, "--sealed", help="Write SealedSecrets, which only the cluster's controller opens.")
SEALED_CERT = typer.Option(None, "--sealed-cert", help="With --sealed: the controller's certificate (PEM).")
INGRESS = typer.Option(None, "--ingress", help="Ways in by name and TLS: <title>.HOST for each URL.")


def command(
    ctx: typer.Context,
    profile: list[str] = PROFILE,
    ram: str | None = RAM,
    out: Path | None = OUT,
    target: str = TARGET,
    check: bool = CHECK,
    diff: bool = DIFF,
    context: str | None = CONTEXT,
    apply: bool = APPLY,
    replace_secrets: bool = REPLACE,
    workers: int | None = WORKERS,
    storage_class: str | None = STORAGE_CLASS,
    encrypted: bool = ENCRYPTED,
    registry: str | None = REGISTRY,
    pull_secret: str | None = PULL_SECRET,
    ingress: str | None = INGRESS,
    sealed: bool = SEALED,
    sealed_cert: Path | None = SEALED_CERT,
    pod_network: str | None = typer.Option(
        None,
        "--pod-network",
        help="Addresses of the pods, such as 10.244.0.0/16: published ports are then not open to them.",
    ),
    output: Output = OUTPUT,
) -> None:
    from datameesh_cli.usecases.export_kubernetes import ExportRequest
    from datameesh_cli.usecases.read_source import TargetRequest

    if apply and (not context or check or diff):
        raise UserError("--apply needs to know where to, and goes alone", "name the cluster: --apply --context NAME")
    if replace_secrets and not apply:
        raise UserError("--replace-secrets is about Secrets on a cluster", "add: --apply --context NAME")
    if sealed != (sealed_cert is not None):
        raise UserError(
            "--sealed and --sealed-cert go together",
            "the certificate is the controller's: kubeseal --fetch-cert, or see services/kubeseal/README.md",
        )
    request = ExportRequest(
        profiles=tuple(profile),
        ram=None if ram is None else parse_mib(ram),
        out=out or adapters_for(ctx.obj).repository.root / "k8s-export" / "out",
        target=TargetRequest(target, storage_class, registry, pull_secret, workers, ingress, pod_network, encrypted),
        context=context,
        seal=sealed_cert,
    )
    if check or diff:
        _compare(ctx.obj, request, output, check=check)
    else:
        _export(ctx.obj, request, output, apply=apply, replace_secrets=replace_secrets)


def _compare(name: str, request: ExportRequest, output: Output, *, check: bool) -> None:
    from datameesh_cli.render.k8s import print_changes
    from datameesh_cli.usecases.compare_export import compare_export

    compared = compare_export(adapters_for(name), request, report)
    print_json(compared.changes) if output is Output.json else print_changes(compared)
    if check and compared.changes:
        raise UnhealthyError(
            f"the export in {compared.out} is not what the repository gives now ({len(compared.changes)} changes)",
            "see: dm k8s-export --diff; then: dm k8s-export",
        )


def _export(name: str, request: ExportRequest, output: Output, *, apply: bool, replace_secrets: bool) -> None:
    from datameesh_cli.render.k8s import export_summary, print_applied, print_export
    from datameesh_cli.usecases.apply_export import apply_export
    from datameesh_cli.usecases.export_kubernetes import export_kubernetes

    adapters = adapters_for(name)
    made = export_kubernetes(adapters, request, report)
    applied = None
    if apply:
        applied = apply_export(adapters, made, str(request.context), replace_secrets=replace_secrets)
    if output is Output.json:
        print_json(export_summary(made, applied))
        return
    print_export(made)
    if applied is not None:
        print_applied(applied)
