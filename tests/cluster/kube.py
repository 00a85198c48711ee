"""A running cluster, as the tests use it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.node.layout import SANDBOX_IMAGE

ROOT = Path(__file__).parents[2]
BUSYBOX = SANDBOX_IMAGE
_PATIENCE = "--timeout=180s"  # seen: 20 s where the machine has nothing else to do
RESTRICTED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""What Pod Security `restricted` asks of a container."""


@dataclass(frozen=True, slots=True)
class Kube:
    """kubectl on the cluster, in one namespace."""

    status: dict[str, Any]
    namespace: str = "default"

    def run(self, *words: str, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        argv = [
            self.status["kubectl"],
            "--kubeconfig",
            self.status["kubeconfig"],
            "--namespace",
            self.namespace,
            *words,
        ]
        done = subprocess.run(argv, text=True, capture_output=True, input=stdin, timeout=200)
        assert not check or done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done

    def apply(self, *objects: dict[str, Any]) -> None:
        self.run("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def refusal(self, thing: dict[str, Any]) -> str:
        """What the API server says against an object that it has to refuse."""
        done = self.run("create", "-f", "-", stdin=json.dumps(thing), check=False)
        assert done.returncode != 0, f"it was admitted: {done.stdout}"
        return done.stderr

    def refuses(self, thing: dict[str, Any], why: str, seconds: float = 30) -> bool:
        """Whether the server comes to refuse an object for this reason: what it goes by reaches it a moment after it is made.

        Nothing is created, so what is still admitted leaves nothing behind.
        """
        words = ("create", "--dry-run=server", "-f", "-")
        return bool(until(lambda: why in self.run(*words, stdin=json.dumps(thing), check=False).stderr, seconds))

    def get(self, kind: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("get", kind, name, "-o", "json").stdout)
        return found

    def ready(self, kind: str, name: str) -> None:
        self.run("rollout", "status", f"{kind}/{name}", _PATIENCE)

    def pod_ready(self, name: str) -> None:
        self.run("wait", "--for=condition=Ready", f"pod/{name}", _PATIENCE)

    def shell(self, pod: str, script: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("exec", pod, "--", "sh", "-c", script, check=check)


def cluster_status() -> dict[str, Any]:
    """Of the cluster that `stage` started; without one the tests have nothing to say."""
    state, tools = os.environ["DATAMEESH_CLUSTER"], os.environ["DATAMEESH_CLUSTER_TOOLS"]
    words = [str(ROOT / "tests/cluster/cluster"), "--state", state, "--cache", tools]
    done = subprocess.run([*words, "status", "--json"], text=True, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    images = ["datameesh/base:13", "datameesh/postgres:17"]
    loaded = subprocess.run([*words, "load", *images], text=True, capture_output=True)
    assert loaded.returncode == 0, loaded.stderr
    return found


def until(true: Callable[[], Any], seconds: float = 60) -> Any:
    """The first answer that is true; the last one when time is over."""
    end = time.monotonic() + seconds
    while not (answer := true()) and time.monotonic() < end:
        time.sleep(0.5)
    return answer
