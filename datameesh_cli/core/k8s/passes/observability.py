"""Where `metrics` is declared, Prometheus finds it: by annotations, and by a ServiceMonitor where the target has them."""

from __future__ import annotations

from datameesh_cli.core.k8s.kubernetes_pass import Applied, kubernetes_pass
from datameesh_cli.core.k8s.objects import NAME, Object, Objects, edited, remade
from datameesh_cli.core.k8s.passes.adopt import metadata
from datameesh_cli.core.k8s.source import Part, Source

_PREFIX = "prometheus.io/"


@kubernetes_pass(makes={Applied.MONITORING: ("ServiceMonitor",)}, after=("controllers",))
def observability(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with the scrape annotations of each pod, and ServiceMonitors where the target asks for them."""

    def change(o: Object, part: Part) -> None:
        metrics = part.service.kubernetes.metrics
        if metrics:
            values = {"scrape": "true", "port": str(metrics.port), "path": metrics.path}
            annotations = o["spec"]["template"]["metadata"].setdefault("annotations", {})
            annotations.update({_PREFIX + key: value for key, value in values.items()})

    wanted = [p for p in source.parts if p.service.kubernetes.metrics and source.target.service_monitors]
    monitors = [_monitor(p) for p in wanted]
    return remade(edited(objects, source, change), lambda o: o["kind"] == "ServiceMonitor", monitors)


def _monitor(part: Part) -> Object:
    metrics = part.service.kubernetes.metrics
    assert metrics
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": metadata(part),
        "spec": {
            "selector": {"matchLabels": {NAME: part.name}},
            "endpoints": [{"targetPort": metrics.port, "path": metrics.path, "interval": "30s"}],
        },
    }
