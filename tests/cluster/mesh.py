"""The exported stack on the tests' cluster, and the same stack under Compose, both driven through `dm`."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from datameesh_cli.core.model import Service
from tests.cluster.kube import ROOT, Kube, until
from tests.cluster.node.layout import POD_RANGE
from tests.integration.stack import Stack, stack_of

CONTEXT = "datameesh-cluster"
RAM = "4g"  # with it the worker takes part; Compose and the cluster get the same
_READY_SECONDS = 420  # seen: 46 s where the machine has nothing else to do


@dataclass(frozen=True)
class Mesh:
    """One name for both stacks: they share the secrets."""

    stack: Stack
    kube: Kube
    out: Path

    @property
    def services(self) -> list[Service]:
        """What the profile runs on a cluster, jobs included: containers that one shares out among are its pods there."""
        known = {s.name: s for s in self.stack.adapters.repository.model().of_profiles(["analytics"])}
        for front in [s for s in known.values() if s.balances]:
            (own, *_) = [known.pop(name) for name in front.balances]
            known[front.name] = replace(front, consumes=own.consumes, image=own.image)
        return list(known.values())

    @property
    def namespaces(self) -> list[str]:
        """Where they live."""
        return sorted({s.namespace for s in self.services})

    def dm(self, *args: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """`dm` with the cluster's kubectl and kubeconfig at hand."""
        tools = str(Path(self.kube.status["kubectl"]).parent)
        env = {"KUBECONFIG": self.kube.status["kubeconfig"], "PATH": f"{tools}:{os.environ['PATH']}"}
        return self.stack.dm(*args, **options, **env)

    def json(self, *args: str, **options: Any) -> Any:
        """The result of `dm ... --output json`."""
        return json.loads(self.dm(*args, "--output", "json", **options).stdout)

    def apply(self) -> None:
        """Export, apply, and wait until every pod is ready."""
        asked = ("--profile", "analytics", "--ram", RAM, "--out", str(self.out), "--pod-network", POD_RANGE)
        self.dm("k8s-export", *asked, "--apply", "--context", CONTEXT)
        waiting = until(self._all_ready, _READY_SECONDS)
        assert waiting, self.kube.run("get", "pods", "-A").stdout

    def policies(self) -> list[dict[str, Any]]:
        """Every NetworkPolicy of the export, as it is on the cluster, without what the server added."""
        found = []
        for namespace in self.namespaces:
            items = json.loads(Kube(self.kube.status, namespace).run("get", "networkpolicies", "-o", "json").stdout)[
                "items"
            ]
            for item in items:
                meta = {k: item["metadata"][k] for k in ("name", "namespace", "labels")}
                found.append({k: item[k] for k in ("apiVersion", "kind", "spec")} | {"metadata": meta})
        return found

    def _all_ready(self) -> bool:
        pods = [p for ns in self.namespaces for p in self._pods(ns)]
        wanted = {s.name for s in self.services if s.kind != "job"}
        ready = {p["metadata"]["labels"].get("app.kubernetes.io/name") for p in pods if _is_ready(p)}
        return ready >= wanted

    def _pods(self, namespace: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = json.loads(
            Kube(self.kube.status, namespace).run("get", "pods", "-o", "json").stdout
        )["items"]
        return items


def _is_ready(pod: dict[str, Any]) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions") or ())


@contextmanager
def applied(kube: Kube, out: Path) -> Iterator[Mesh]:
    """The export of `analytics`, applied and ready. Whatever was made of it is removed at the end, the stack under Compose too."""
    mesh = Mesh(stack_of("-k"), kube, out)
    mesh.stack.dm("down", "--volumes", "--yes")
    mesh.stack.reserve_ports()
    mesh.stack.dm("images", "build", timeout=3000)
    _load(sorted({s.image for s in mesh.services}))
    for namespace in mesh.namespaces:
        kube.run("delete", "namespace", namespace, "--ignore-not-found")
    try:
        mesh.apply()
        yield mesh
    finally:
        for namespace in mesh.namespaces:
            kube.run("delete", "namespace", namespace, "--ignore-not-found", "--wait=false", check=False)
        mesh.stack.remove()


def _load(images: list[str]) -> None:
    state, tools = os.environ["DATAMEESH_CLUSTER"], os.environ["DATAMEESH_CLUSTER_TOOLS"]
    words = [str(ROOT / "tests/cluster/cluster"), "--state", state, "--cache", tools, "load", *images]
    done = subprocess.run(words, text=True, capture_output=True, timeout=600)
    assert done.returncode == 0, done.stderr
