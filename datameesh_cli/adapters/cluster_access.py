"""kubectl on a running cluster: what is there, commands inside pods, pods that run once. Objects are applied by `kubectl.py`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from datameesh_cli.adapters import answers, clock, kubectl, process
from datameesh_cli.adapters.tunnel import Endpoint
from datameesh_cli.core.cluster import PART_OF, AppliedExport, Pod, cluster_from, ended, stuck
from datameesh_cli.core.stack import LOOPBACK
from datameesh_cli.core.stream import Stream
from datameesh_cli.errors import DmError, UnhealthyError, UserError

# What kubectl says of itself, between the lines of the command.
_KLOG = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+\.go:\d+\] ")
_FORWARDING = re.compile(rf"Forwarding from {re.escape(LOOPBACK)}:(\d+) -> ")
_KINDS = "pods,services,deployments,statefulsets,jobs"
_START_SECONDS = 90
# Over WebSockets, kubectl's default since 1.30, kubectl 1.33 now and then said "Unknown stream id 1, discarding message" here.
_SPDY = {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false"}
_ENDED = "command terminated with exit code "
_LOST_SECONDS = 90
_LOG_TRIES = 10


class _OverError(UnhealthyError):
    """A pod that does not work any more, or never did."""


class _Log:
    """A log that is read from its beginning as often as its stream breaks, and told once."""

    def __init__(self) -> None:
        self._told = 0
        self._last = ""

    def more(self, stream: Stream[int]) -> Stream[int]:
        """Given a stream from the log's beginning, yield what was not told yet; return the stream's exit code."""
        number = 0
        while True:
            try:
                line = next(stream)
            except StopIteration as end:
                return int(end.value)
            number += 1
            if number < self._told or (number == self._told and line == self._last):
                continue
            # Of a line that broke in the middle, the whole is told once it is there.
            self._told, self._last = number, line
            yield line


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """The cluster of one kubectl context."""

    context: str

    def look(self) -> AppliedExport:
        """Return what of an export runs there. Raise UnhealthyError if there is nothing of it, HostError if nobody answers."""
        objects = self._items(["get", _KINDS, "--all-namespaces", "-l", PART_OF])
        if not objects:
            raise UnhealthyError(
                f"no DataMeesh runs on the cluster of context '{self.context}'",
                f"put it there: ./dm k8s-export --apply --context {self.context}",
            )
        return cluster_from(objects, self._items(["get", "nodes"]))

    def exec(self, pod: Pod, command: Sequence[str], timeout: float) -> process.Finished:
        """Given a pod and a command, run it inside and return what came out, whatever its exit code.

        Raise UnhealthyError if it could not be run at all.
        """
        words = ["exec", "-n", pod.namespace, pod.name, "-c", pod.service, "--", *command]
        done = process.run(kubectl.command(self.context, words), timeout=timeout, env={**os.environ, **_SPDY})
        lines = [line for line in done.err.splitlines(keepends=True) if not _KLOG.match(line)]
        if lines and lines[-1].startswith(_ENDED):
            # That line is kubectl's own, after those of the command.
            with answers.understood("kubectl exec"):
                return process.Finished(int(lines[-1].removeprefix(_ENDED)), done.out, "".join(lines[:-1]))
        if done.code:
            said = lines[-1].strip() if lines else f"exit code {done.code}"
            raise UnhealthyError(f"kubectl could not run a command in {pod.namespace}/{pod.name}: {said}")
        return process.Finished(0, done.out, "".join(lines))

    @contextmanager
    def forward(self, pod: Pod, port: int) -> Iterator[Endpoint]:
        """Given a pod and a port that it listens on, yield an endpoint that leads there while the block lasts.

        Raise UnhealthyError if kubectl opens none.
        """
        words = ["port-forward", "--address", LOOPBACK, "-n", pod.namespace, f"pod/{pod.name}", f":{port}"]
        said: list[str] = []
        # Nobody reads on after the first line: kubectl says a line for each connection, and 1,500 fit into the pipe.
        with closing(process.stream(kubectl.command(self.context, words), errors=said)) as lines:
            opened = _FORWARDING.match(next(lines, ""))
            if not opened:
                why = said[-1] if said else "kubectl does not say why"
                raise UnhealthyError(f"no way to port {port} of {pod.namespace}/{pod.name}: {why}")
            yield Endpoint(LOOPBACK, int(opened[1]), "tunnel")

    def log(self, pod: Pod, since: str) -> str:
        """Given a pod and a moment (ISO 8601), return what its container has logged since, each line after its time."""
        options = ["--timestamps", f"--since-time={since}", "-n", pod.namespace, pod.name, "-c", pod.service]
        return kubectl.run(self.context, ["logs", *options])

    def run_once(self, body: Mapping[str, Any]) -> Stream[int]:
        """Given a pod of one container, create it and yield its lines; the generator returns the exit code.

        A log that breaks off is taken up where it was. The pod is removed when it has ended, could not start, or on Ctrl-C; never
        while it works. Raise UnhealthyError if the server refuses it or it cannot start, HostError if the cluster is lost.
        """
        name, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
        kubectl.run(self.context, ["create", "-f", "-"], stdin=json.dumps(body))
        removable = False
        try:
            self._await_start(name, namespace)
            code = yield from self._followed(name, namespace)
            removable = True
            return code
        except (KeyboardInterrupt, GeneratorExit, _OverError):
            removable = True
            raise
        except DmError as lost:
            see = f"kubectl --context {self.context} -n {namespace}"
            lost.hint = f"it was left alone: {see} logs -f {name}; then: {see} delete pod {name}"
            raise
        finally:
            if removable:
                kubectl.call(
                    self.context, ["delete", "pod", name, "-n", namespace, "--ignore-not-found", "--grace-period=1"]
                )

    def _await_start(self, name: str, namespace: str) -> None:
        why = ""

        def started() -> bool | None:
            nonlocal why
            found = self._pod(name, namespace)
            if found.get("status", {}).get("phase", "Pending") != "Pending":
                return True
            why = stuck(found)
            return False if why.startswith(("Err", "Image", "Create", "Invalid")) else None

        if not clock.wait_until(started, _START_SECONDS, every=0.3):
            raise _OverError(
                f"pod {namespace}/{name} does not start: {why or 'it stays Pending'}",
                f"see: kubectl --context {self.context} -n {namespace} get events",
            )

    def _followed(self, name: str, namespace: str) -> Stream[int]:
        """Yield each line of a pod's log once, and return the exit code.

        Whether it has ended is asked before the log is read: what is read after the end is all there is.
        """
        log, failures = _Log(), 0
        while True:
            code = self._exit_code(name, namespace)
            said: list[str] = []
            command = kubectl.command(self.context, ["logs", "--follow", "-n", namespace, name])
            with closing(process.stream(command, errors=said)) as stream:
                failed = yield from log.more(stream)
            if code is not None and not failed:
                return code
            failures = failures + 1 if code is not None else 0
            if failures == _LOG_TRIES:
                why = said[-1] if said else "kubectl does not say why"
                raise UnhealthyError(
                    f"pod {namespace}/{name} ended with exit code {code}, its log cannot be read: {why}"
                )
            clock.sleep(1.0 if failed else 0.2)

    def _exit_code(self, name: str, namespace: str) -> int | None:
        found = self._pod(name, namespace)
        code = ended(found)
        status = found.get("status", {})
        if code is None and status.get("phase") in ("Failed", "Succeeded"):
            why = status.get("message") or status.get("reason") or status["phase"]
            raise _OverError(f"pod {namespace}/{name} was stopped: {why}", "see: kubectl get events -A; then try again")
        return code

    def _pod(self, name: str, namespace: str) -> dict[str, Any]:
        """The pod as the server knows it. A server that does not answer for a while is asked again: the pod works on."""
        lost: DmError | None = None

        def asked() -> dict[str, Any] | None:
            nonlocal lost
            try:
                with answers.understood("kubectl get"):
                    return dict(kubectl.read(self.context, ["get", "pod", name, "-n", namespace]))
            except DmError as failed:
                if "(NotFound)" in failed.message:
                    raise _OverError(f"pod {namespace}/{name} was removed by somebody else", failed.hint) from failed
                lost = failed
            return None

        found = clock.wait_until(asked, _LOST_SECONDS, every=1.0)
        if found is None and lost:
            raise lost
        return found or {}

    def _items(self, args: Sequence[str]) -> list[dict[str, Any]]:
        with answers.understood("kubectl get"):
            return [dict(item) for item in kubectl.read(self.context, args)["items"]]


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
