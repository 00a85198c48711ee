"""Each workload gets the kind that fits: StatefulSet for what keeps data or a name, Job for a job, else Deployment."""

from __future__ import annotations

import re

from datameesh_cli.core.declaration import Scale
from datameesh_cli.core.k8s.kubernetes_pass import Applied, kubernetes_pass
from datameesh_cli.core.k8s.objects import Object, Objects, edited, pod
from datameesh_cli.core.k8s.source import Part, Source

COMPOSE_GRACE = 10
"""Compose's own default, in seconds; Kubernetes' is 30."""


@kubernetes_pass(makes={Applied.WORKLOADS: ("Deployment", "StatefulSet", "Job")}, after=("adopt",))
def controllers(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with each workload in its kind, with its replicas, its strategy and its time to stop."""

    def change(o: Object, part: Part) -> None:
        _fit(o, part, scaled=scale_of(part, source) is not None)

    return edited(objects, source, change)


def scale_of(part: Part, source: Source) -> Scale | None:
    """Given an exported service, return its scale on this target: the target's word, else the folder's, else None."""
    return source.target.scale.get(part.name) or part.service.kubernetes.scale


def seconds(text: str) -> int:
    """Given a Compose duration (`1m30s`, `500ms`), return whole seconds, at least 1."""
    units = {"h": 3600, "m": 60, "s": 1, "ms": 0.001, "us": 0, "ns": 0}
    return max(1, round(sum(float(n) * units[u] for n, u in re.findall(r"([\d.]+)(h|ms|us|ns|m|s)", text))))


def _fit(o: Object, part: Part, *, scaled: bool) -> None:
    template, selector = o["spec"]["template"], {"matchLabels": {"app.kubernetes.io/name": part.name}}
    replicas = o["spec"].get("replicas")
    o["kind"], o["apiVersion"] = part.kind, "batch/v1" if part.kind == "Job" else "apps/v1"
    spec = pod(o)
    spec["enableServiceLinks"] = (
        False  # they would set MINIO_PORT, TRINO_..._PORT to addresses, which programs read otherwise
    )
    grace = part.service.kubernetes.grace
    stop = part.body.get("stop_grace_period")
    spec["terminationGracePeriodSeconds"] = grace or (seconds(stop) if stop else COMPOSE_GRACE)
    if part.kind == "Job":
        # Suspended: nothing runs before data is there. A run is made from its template: see k8s-export/README.md.
        spec["restartPolicy"] = "Never"
        o["spec"] = {"suspend": True, "backoffLimit": 0, "template": template}
        return
    spec["restartPolicy"] = "Always"
    o["spec"] = {"selector": selector, "template": template}
    if not scaled:
        o["spec"]["replicas"] = replicas
    if part.kind == "StatefulSet":
        o["spec"]["serviceName"] = f"{part.name}-headless"
        o["spec"]["podManagementPolicy"] = "Parallel"
        o["spec"]["updateStrategy"] = {"type": "RollingUpdate"}
    elif part.claims:
        o["spec"]["strategy"] = {"type": "Recreate"}
    else:
        # One more pod while rolling costs its whole limit, so only what is scaled gets it.
        surge = (
            {"maxSurge": 1, "maxUnavailable": 0}
            if surges(part, scaled=scaled)
            else {"maxSurge": 0, "maxUnavailable": 1}
        )
        o["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": surge}


def surges(part: Part, *, scaled: bool) -> bool:
    """Given an exported service, say whether a rolling update of it runs one pod more than it has replicas."""
    return part.kind == "Deployment" and not part.claims and (scaled or part.replicas > 1)
