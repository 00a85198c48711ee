"""The stack on a cluster, as checks see it: pods by kubectl, published ports by their NodePorts."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from datameesh_cli.adapters import http, relay
from datameesh_cli.adapters.cluster_access import SPDY, ClusterAccess
from datameesh_cli.adapters.object_store import ObjectStore
from datameesh_cli.adapters.target import (
    PUBLISHED,
    RESOLVE_SCRIPT,
    psql_command,
    psql_observation,
    resolve_observation,
    run_statements,
)
from datameesh_cli.adapters.trino import Trino
from datameesh_cli.core.checks import Http
from datameesh_cli.core.cluster import Cluster, Pod, job_pod
from datameesh_cli.core.expectation import Observation, listed
from datameesh_cli.errors import UnhealthyError

TIMEOUT = 120
"""Seconds after which anything that a check asks for is given up."""


@dataclass(frozen=True)
class KubernetesTarget:
    """An applied export: `ports` are NodePorts by variable at the cluster's address, `consumers` who opens connections to a
    service."""

    access: ClusterAccess
    cluster: Cluster
    trino: Trino
    store: ObjectStore | None
    ports: Mapping[str, int]
    consumers: Mapping[str, Sequence[str]]
    kind: str = "kubernetes"

    @property
    def running(self) -> frozenset[str]:
        """The services that run."""
        return self.cluster.running

    def sql(self, statements: Sequence[str], user: str) -> Observation:
        """Given statements, run them in one session of Trino and return the last one's result.

        Raise DmError, with Trino's message, for the first that is refused.
        """
        return run_statements(self.trino, statements, user, TIMEOUT)

    def psql(self, service: str, database: str, statement: str, user: str) -> Observation:
        """Given a statement, run it inside a database's container on the local socket; `error` holds a refusal."""
        done = self.access.exec(self._pod(service), psql_command(database, user, statement), TIMEOUT)
        return psql_observation(done.code, done.out, done.err)

    def exec(self, service: str, command: Sequence[str]) -> Observation:
        """Given a command, run it inside a service's container, or a job's own, and return exit code and text."""
        workload = self.cluster.workload(service)
        if workload and workload.kind == "Job":
            return listed(self.run_job(service, command))
        done = self.access.exec(self._pod(service), command, TIMEOUT)
        return Observation(exit=done.code, text=done.out + done.err)

    def run_job(self, service: str, arguments: Sequence[str], command: Sequence[str] = ()) -> Generator[str, None, int]:
        """Given a job and its arguments, run it in a pod of its own and yield its lines; the generator returns the exit code.

        `command` takes the place of the image's own program.
        """
        workload = self.cluster.workload(service)
        if workload is None:
            raise UnhealthyError(f"{service} was not exported", "see: ./dm k8s-export")
        name = f"{service}-{secrets.token_hex(3)}"
        code = yield from self.access.run_once(job_pod(workload, name, arguments, command))
        return code

    def http(self, asked: Http) -> Observation:
        """Given a request to a published port, send it from outside the stack."""
        if asked.port not in self.ports:
            raise UnhealthyError(f"no NodePort leads to {asked.port}", "see: kubectl get services -A")
        url = f"http://{self.cluster.address}:{self.ports[asked.port]}{asked.path}"
        answer = http.request(asked.method, url, headers=dict(asked.headers), body=asked.body)
        return Observation(status=answer.status, text=answer.text)

    def s3_list(self, place: str) -> Observation:
        """Given `bucket/prefix`, return a row (key, size) for each object below it."""
        if self.store is None:
            raise UnhealthyError("this stack has no object store", "export one: ./dm k8s-export --profile analytics")
        bucket, _, prefix = place.partition("/")
        return Observation(("key", "size"), tuple((o.key, o.size) for o in self.store.list(bucket, prefix)))

    def resolve(self, names: Sequence[str]) -> Observation:
        """Given host names, look them up inside the stack's network: rows (name, address), exit code 1 if one is unknown.

        They are looked up from the namespace of a service that uses the first of them: a short name means something there only.
        """
        command = ["sh", "-c", RESOLVE_SCRIPT, "resolve", *names]
        done = self.access.exec(self._asker(names[0].partition(".")[0]), command, TIMEOUT)
        return resolve_observation(done.code, done.out + done.err)

    def published(self, services: Sequence[str]) -> Observation:
        """Given services, return a row (service, port inside, address, port outside) for each way in from outside the stack."""
        for service in services:
            self._pod(service)
        address = self.cluster.address
        rows = [(w.service, w.inside, address, w.node_port) for w in self.cluster.ways_in if w.service in services]
        return Observation(PUBLISHED, tuple(sorted(rows)))

    @contextmanager
    def reach(self, service: str, port: int) -> Iterator[relay.Endpoint]:
        """Given a service and a port that it listens on, yield an endpoint that leads there, published or not."""
        inside = self.access.exec_command(self._pod(service), [], stdin=True)
        with relay.reach_through(inside, port, SPDY) as endpoint:
            yield endpoint

    def _asker(self, name: str) -> Pod:
        """A pod that is not the service's own, in the namespace of one that opens connections to it; else in its own."""
        homes = [w.namespace for c in self.consumers.get(name, ()) if (w := self.cluster.workload(c))]
        own = self.cluster.workload(name)
        homes += [own.namespace] if own else []
        others = [p for p in self.cluster.pods if p.ready and p.service != name]
        for home in homes:
            if found := next((p for p in others if p.namespace == home), None):
                return found
        if not self.cluster.pods:
            raise UnhealthyError("no pod runs", "see: kubectl get pods -A")
        return (others or list(self.cluster.pods))[0]

    def _pod(self, service: str) -> Pod:
        found = self.cluster.pod(service)
        if found is None:
            raise UnhealthyError(
                f"{service} does not run", f"see: kubectl describe pods -A -l app.kubernetes.io/name={service}"
            )
        return found
