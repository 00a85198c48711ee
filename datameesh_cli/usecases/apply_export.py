"""Apply an export to a cluster: first what it stands on, then the Secrets from the local store, then the rest."""

from __future__ import annotations

from datameesh_cli.adapters import kubectl
from datameesh_cli.adapters.outside import Outside
from datameesh_cli.core.k8s.objects import identity
from datameesh_cli.core.k8s.packaging import CLUSTER
from datameesh_cli.core.k8s.secrets import expected, secret_objects
from datameesh_cli.usecases.export_kubernetes import Export


def apply_export(outside: Outside, export: Export, context: str) -> tuple[str, ...]:
    """Given an export that was written and a context, apply it and return a line for each object. Raise DmError if one is refused.

    The Secrets are made as `dm up` makes them, and go to the server by standard input only.
    """
    names = list(expected(export.source))
    outside.state.ensure_secrets(names)
    values = {name: outside.state.secret(name) for name in names}
    lines = kubectl.apply_folder(export.out / CLUSTER, context)
    lines += kubectl.apply_objects(secret_objects(export.source, values), context)
    jobs = [identity(o)[::2] for o in export.objects if o["kind"] == "Job"]
    kubectl.remove_idle_jobs(jobs, context)
    lines += kubectl.apply_folder(export.out, context)
    return tuple(lines)
