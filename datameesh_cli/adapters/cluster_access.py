"""kubectl on a running cluster: what is there, commands inside pods, pods that run once. Objects are applied by `kubectl.py`."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datameesh_cli.adapters import clock, kubectl, process
from datameesh_cli.core.cluster import PART_OF, Cluster, Pod, cluster_from, ended, stuck
from datameesh_cli.errors import UnhealthyError, UserError

# What kubectl says of itself, between the lines of the command.
_KLOG = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+\.go:\d+\] ")
_KINDS = "pods,services,deployments,statefulsets,jobs"
_START_SECONDS = 90
# Over WebSockets, kubectl's default since 1.30, kubectl 1.33 now and then said "Unknown stream id 1, discarding message" here.
_SPDY = "KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false"
_ENDED = "command terminated with exit code "


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """The cluster of one kubectl context."""

    context: str

    def look(self) -> Cluster:
        """Return what of an export runs there. Raise UnhealthyError if there is nothing of it, HostError if nobody answers."""
        objects = self._items(["get", _KINDS, "--all-namespaces", "-l", PART_OF])
        if not objects:
            raise UnhealthyError(
                f"no DataMeesh runs on the cluster of context '{self.context}'",
                f"put it there: ./dm k8s-export --apply --context {self.context}",
            )
        return cluster_from(objects, self._items(["get", "nodes"]))

    def exec_command(self, pod: Pod, command: Sequence[str], *, stdin: bool = False) -> list[str]:
        """Given a pod and a command, return the call that runs it in the pod's container; with `stdin` it reads ours."""
        flags = ["exec", *(["-i"] if stdin else []), "-n", pod.namespace, pod.name, "-c", pod.service]
        return ["env", _SPDY, *kubectl.command(self.context, [*flags, "--", *command])]

    def exec(self, pod: Pod, command: Sequence[str], timeout: float) -> process.Finished:
        """Given a pod and a command, run it inside and return what came out, whatever its exit code.

        Raise UnhealthyError if it could not be run at all.
        """
        done = process.run(self.exec_command(pod, command), timeout=timeout)
        lines = [line for line in done.err.splitlines(keepends=True) if not _KLOG.match(line)]
        if lines and lines[-1].startswith(_ENDED):
            # That line is kubectl's own, after those of the command.
            return process.Finished(int(lines[-1].removeprefix(_ENDED)), done.out, "".join(lines[:-1]))
        if done.code:
            said = lines[-1].strip() if lines else f"exit code {done.code}"
            raise UnhealthyError(f"kubectl could not run a command in {pod.namespace}/{pod.name}: {said}")
        return process.Finished(0, done.out, "".join(lines))

    def run_once(self, body: Mapping[str, Any]) -> Generator[str, None, int]:
        """Given a pod of one container, create it and yield its lines; the generator returns the exit code.

        The pod is removed afterwards, also on Ctrl-C. Raise UnhealthyError if the server refuses it or it cannot start.
        """
        name, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
        kubectl.run(self.context, ["create", "-f", "-"], stdin=json.dumps(body))
        try:
            self._await_start(name, namespace)
            logs = kubectl.command(self.context, ["logs", "--follow", "-n", namespace, name])
            yield from process.stream(logs)
            return self._await_end(name, namespace)
        finally:
            kubectl.call(
                self.context, ["delete", "pod", name, "-n", namespace, "--ignore-not-found", "--grace-period=1"]
            )

    def _await_start(self, name: str, namespace: str) -> None:
        deadline = clock.now() + _START_SECONDS
        while True:
            found = self._pod(name, namespace)
            if found.get("status", {}).get("phase", "Pending") != "Pending":
                return
            why = stuck(found)
            if why.startswith(("Err", "Image", "Create", "Invalid")) or clock.now() > deadline:
                raise UnhealthyError(
                    f"pod {namespace}/{name} does not start: {why or 'it stays Pending'}",
                    f"see: kubectl --context {self.context} -n {namespace} get events",
                )
            clock.sleep(0.3)

    def _await_end(self, name: str, namespace: str) -> int:
        deadline = clock.now() + _START_SECONDS
        while (code := ended(self._pod(name, namespace))) is None:
            if clock.now() > deadline:
                raise UnhealthyError(
                    f"the log of pod {namespace}/{name} ended, the pod has not", "see: kubectl get pods -A"
                )
            clock.sleep(0.2)
        return code

    def _pod(self, name: str, namespace: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            kubectl.run(self.context, ["get", "pod", name, "-n", namespace, "-o", "json"])
        )
        return found

    def _items(self, args: Sequence[str]) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = json.loads(kubectl.run(self.context, [*args, "-o", "json"]))["items"]
        return items


def chosen_context(asked: str | None) -> str:
    """Given the context that the user named, return it, else kubectl's current one. Raise UserError if there is none."""
    if asked:
        return asked
    done = process.run(["kubectl", "config", "current-context"], timeout=30)
    if done.code or not done.out.strip():
        raise UserError(
            "kubectl has no current context", "name the cluster: --context NAME; see: kubectl config get-contexts"
        )
    return done.out.strip()
