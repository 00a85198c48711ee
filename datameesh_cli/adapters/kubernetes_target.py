"""The stack on a cluster, as checks see it: pods by kubectl, published ports by their NodePorts."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from datameesh_cli.adapters.cluster_access import ClusterAccess
from datameesh_cli.adapters.target import TIMEOUT, WAYS_IN, FromOutside
from datameesh_cli.adapters.tunnel import Endpoint
from datameesh_cli.core.cluster import AppliedExport, Pod, job_pod
from datameesh_cli.core.expectation import Answer
from datameesh_cli.core.kind import Ended, ended
from datameesh_cli.core.stream import Stream
from datameesh_cli.errors import UnhealthyError


@dataclass(frozen=True)
class KubernetesTarget(FromOutside):
    """An applied export: `ports` are NodePorts, `consumers` who opens connections to a service."""

    access: ClusterAccess
    cluster: AppliedExport
    consumers: Mapping[str, Sequence[str]]
    kind: str = "kubernetes"

    @property
    def running(self) -> frozenset[str]:
        """The services that run."""
        return self.cluster.running

    def run(self, service: str, command: Sequence[str]) -> Ended:
        """Given a command, run it inside a service's container, or a job's own."""
        workload = self.cluster.workload(service)
        if workload and workload.kind == "Job":
            return ended(self.run_job(service, command))
        return self._inside(self._pod(service), command)

    def run_near(self, name: str, command: Sequence[str]) -> Ended:
        """Given a command, run it in a pod of who opens connections to the named service; else of a neighbour of theirs."""
        return self._inside(self._asker(name), command)

    def log(self, service: str, since: str) -> tuple[str, ...]:
        """Given a service and a moment (ISO 8601), return what its container has logged since, each line after its time."""
        return tuple(self.access.log(self._pod(service), since).splitlines())

    def run_job(self, service: str, arguments: Sequence[str], command: Sequence[str] = ()) -> Stream[int]:
        """Given a job and its arguments, run it in a pod of its own and yield its lines; the generator returns the exit code.

        `command` takes the place of the image's own program.
        """
        workload = self.cluster.workload(service)
        if workload is None:
            raise UnhealthyError(f"{service} was not exported", "see: ./dm k8s-export")
        name = f"{service}-{secrets.token_hex(3)}"
        code = yield from self.access.run_once(job_pod(workload, name, arguments, command))
        return code

    def published(self, services: Sequence[str]) -> Answer:
        """Given services, return a row (service, port inside, address, port outside) for each way in from outside the stack."""
        for service in services:
            self._pod(service)
        address = self.cluster.address
        rows = [(w.service, w.inside, address, w.node_port) for w in self.cluster.ways_in if w.service in services]
        return Answer(WAYS_IN, tuple(sorted(rows)))

    @contextmanager
    def reach(self, service: str, port: int) -> Iterator[Endpoint]:
        """Given a service and a port that it listens on, yield an endpoint that leads there, published or not."""
        with self.access.forward(self._pod(service), port) as endpoint:
            yield endpoint

    def _asker(self, name: str) -> Pod:
        """A pod that is not the service's own: of a consumer, else in a consumer's namespace, else in its own, else any."""
        consumers = self.consumers.get(name, ())
        homes = [w.namespace for c in (*consumers, name) if (w := self.cluster.workload(c))]
        others = [p for p in self.cluster.pods if p.ready and p.service != name]
        there = [p for home in homes for p in others if p.namespace == home]
        found = [*(p for p in there if p.service in consumers), *there, *others, *self.cluster.pods]
        if not found:
            raise UnhealthyError("no pod runs", "see: kubectl get pods -A")
        return found[0]

    def _inside(self, pod: Pod, command: Sequence[str]) -> Ended:
        done = self.access.exec(pod, command, TIMEOUT)
        return Ended(done.code, done.out, done.err)

    def _pod(self, service: str) -> Pod:
        found = self.cluster.pod(service)
        if found is None:
            raise UnhealthyError(
                f"{service} does not run", f"see: kubectl describe pods -A -l app.kubernetes.io/name={service}"
            )
        return found
