"""The Compose health check says when a pod is ready and when it has started; liveness is gentler.

kompose makes it a liveness check, which kills: on Compose an unhealthy container is never killed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from datameesh_cli.core.k8s.kubernetes_pass import kubernetes_pass
from datameesh_cli.core.k8s.objects import Object, Objects, container, edited
from datameesh_cli.core.k8s.passes.controllers import seconds
from datameesh_cli.core.k8s.source import Part, Source

_KINDS = ("livenessProbe", "readinessProbe", "startupProbe")


@kubernetes_pass(after=("containers",))
def probes(objects: Objects, source: Source) -> Objects:
    """Given objects, return them with the three probes of each service that has a health check; jobs have none."""

    def change(o: Object, part: Part) -> None:
        own = container(o)
        for kind in _KINDS:
            own.pop(kind, None)
        own.update(_of(part))

    return edited(objects, source, change)


def test_command(check: Mapping[str, Any]) -> list[str]:
    """Given a Compose health check, return the command to run ([] when it is switched off), word for word."""
    test = check.get("test") or []
    if check.get("disable") or not test or test[0] == "NONE":
        return []
    if isinstance(test, str):
        return ["sh", "-c", test]
    return ["sh", "-c", *test[1:]] if test[0] == "CMD-SHELL" else list(test[1:])


def _of(part: Part) -> dict[str, Any]:
    check = part.body.get("healthcheck") or {}
    command = test_command(check)
    if not command or part.kind == "Job":
        return {}
    interval, timeout = (seconds(str(check.get(key) or "30s")) for key in ("interval", "timeout"))
    retries = int(check.get("retries") or 3)
    grace = seconds(str(check["start_period"])) if check.get("start_period") else 0
    action = {"exec": {"command": command}}
    start = {"periodSeconds": interval, "timeoutSeconds": timeout}
    # As long as Compose would wait: the start period, and the retries after it.
    start["failureThreshold"] = math.ceil((grace + interval * retries) / interval)
    # Out of the Service after three misses; back with the next success.
    # Every 10 s at most often: a check is a process started by the node, and after the start it seldom tells anything new.
    ready = {
        "periodSeconds": max(10, interval),
        "timeoutSeconds": timeout,
        "failureThreshold": 3,
        "successThreshold": 1,
    }
    listens = part.service.listens
    alive: dict[str, Any] = {"tcpSocket": {"port": listens[0]}} if listens else dict(action)
    # Only a server that does not even take a connection for two minutes is started anew.
    alive |= {"periodSeconds": 20, "timeoutSeconds": max(5, timeout if not listens else 5), "failureThreshold": 6}
    return {"startupProbe": action | start, "readinessProbe": action | ready, "livenessProbe": alive}
