"""Apply an export to a cluster: first what it stands on, then the Secrets from the export's own store, then the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from datameesh_cli.core.k8s.objects import identity
from datameesh_cli.core.k8s.packaging import CLUSTER, resources_in_order
from datameesh_cli.core.k8s.passes.secrets import differing, expected, secret_objects, stamped
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.export_kubernetes import Export
from datameesh_cli.usecases.export_secrets import drawn_values, kept_values, once_read

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters


ROTATED = "rotated.json"
"""Digests of the values that a rotation replaced and that a cluster may still have."""


def digest_of(value: str) -> str:
    """Given a secret's value, return what is kept of one that was replaced."""
    return hashlib.sha256(value.strip().encode()).hexdigest()


def apply_export(adapters: Adapters, export: Export, context: str, *, replace_secrets: bool = False) -> tuple[str, ...]:
    """Given an export that was written and a context, apply it and return a line for each object. Raise DmError if one is refused.

    The Secrets are those that the export there was applied with before; the first time, the stack's own. They go to the server by
    standard input only. Raise UserError, with nothing applied, if one on the cluster has another value, that no rotation replaced,
    and `replace_secrets` is not given: what runs there was made with it.
    """
    values = drawn_values(adapters, export.source, context)
    if not replace_secrets:
        wanted = {name: namespaces for name, namespaces in expected(export.source).items() if name in values}
        _refuse_others(adapters, context, wanted, values)
    # Kept before they are used: of what is on the cluster there is a copy here, whatever happens next.
    whole = kept_values(adapters, export.source, adapters.state.of_export(context), values)
    lines = adapters.kubectl.apply_folder(export.out / CLUSTER, context)
    if not export.sealed:
        lines += adapters.kubectl.apply_objects(secret_objects(export.source, whole), context)
    jobs = [identity(o)[::2] for o in export.objects if o["kind"] == "Job"]
    adapters.kubectl.remove_idle_jobs(jobs, context)
    # What the folder says, and a digest of the secrets, which no file shall hold: two exports stay the same.
    workloads = stamped(export.objects, export.source, once_read(adapters, export.source, values))
    rest = [o for o in resources_in_order(workloads) if o["metadata"].get("namespace")]
    if rest:
        lines += adapters.kubectl.apply_objects(rest, context)
    adapters.state.of_export(context).remove(ROTATED)
    return tuple(lines)


def _refuse_others(
    adapters: Adapters, context: str, wanted: Mapping[str, Sequence[str]], values: Mapping[str, str]
) -> None:
    namespaces = sorted({ns for each in wanted.values() for ns in each})
    there = {
        ns: adapters.kubectl.secrets([n for n, each in wanted.items() if ns in each], ns, context) for ns in namespaces
    }
    replaced = adapters.state.of_export(context).read_json(ROTATED) or {}
    ours = {ns: {n: v for n, v in held.items() if replaced.get(n) != digest_of(v)} for ns, held in there.items()}
    others = differing(ours, values)
    if others:
        folder = adapters.repository.relative(adapters.state.of_export(context).secrets)
        raise UserError(
            f"on the cluster of context '{context}' these Secrets have another value: {', '.join(others)}",
            f"what runs there was made with it: put that value into {folder}/; or replace it: --replace-secrets",
        )
