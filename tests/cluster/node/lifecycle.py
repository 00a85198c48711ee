"""Up, down and status of the node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cluster.node import certificates, components, images, machine
from tests.cluster.node.failure import Failure
from tests.cluster.node.layout import DNS_SERVICE, INSIDE_TOOLS, State
from tests.cluster.node.tools import Cache

MANIFESTS = Path(__file__).parents[1] / "manifests"
ROOT = Path(__file__).parents[3]
PATIENCE = 240.0
# A component may start before what it talks to; one that ends so often will not come.
TOO_MANY_STARTS = 15


def report(text: str) -> None:
    print(text, flush=True)


class Cluster:
    """One node: its state folder and its tools."""

    def __init__(self, state: State, cache: Cache) -> None:
        self.state, self.cache = state, cache

    def kubectl(self, *argv: str, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        words = [str(self.cache.bin / "kubectl"), "--kubeconfig", str(self.state.kubeconfig), *argv]
        done = subprocess.run(words, text=True, capture_output=True, input=stdin)
        if check and done.returncode:
            raise Failure(f"kubectl {' '.join(argv)}: {done.stderr.strip()}", f"logs: {self.state.logs}")
        return done

    def inner(self) -> machine.Inner:
        if inner := machine.Inner.of(self.state):
            return inner
        raise Failure("the cluster is not running", "start it: tests/cluster/cluster up")

    def wait(self, what: str, ready: Callable[[], bool]) -> None:
        """Until `ready` says so; the time it took is printed, and a failure comes with the log of what keeps ending."""
        started = time.monotonic()
        while not ready():
            if machine.Inner.of(self.state) is None:
                raise Failure(f"the node ended:\n{self._tail('supervisor')}", "")
            dying = [name for name, record in self.records().items() if record["starts"] > TOO_MANY_STARTS]
            if dying or time.monotonic() - started > PATIENCE:
                logs = "\n".join(f"--- {name}\n{self._tail(name)}" for name in dying)
                raise Failure(
                    f"{what}: not after {time.monotonic() - started:.0f} s\n{logs}", f"logs: {self.state.logs}"
                )
            time.sleep(0.25)
        report(f"  {what} ({time.monotonic() - started:.1f} s)")

    def _tail(self, name: str) -> str:
        path = self.state.logs / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-8:]) if path.exists() else ""

    def records(self) -> dict[str, dict[str, int]]:
        """name -> pid (inside) and how often it was started."""
        found = {}
        for path in sorted(self.state.pids.glob("*")):
            try:
                found[path.name] = json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                continue  # it is being written
        return found

    # -- up ---------------------------------------------------------------

    def up(self) -> None:
        """From nothing to a node that is ready, resolves names and has figures."""
        machine.check()
        if missing := self.cache.missing():
            raise Failure(f"the cache lacks {', '.join(missing)}", "build it: tests/cluster/build", skip=True)
        if machine.Inner.of(self.state):
            raise Failure("the cluster is running", "tests/cluster/cluster status, or down")
        if self.state.folder.exists() and any(self.state.folder.iterdir()) and not self.state.ours():
            raise Failure(f"{self.state.folder} is not empty and was not made here", "choose another --state")
        started = time.monotonic()
        if self.state.ours():
            self.down()
        try:
            self._start()
        except BaseException:
            self._keep_logs()
            self.down()
            raise
        report(
            f"up in {time.monotonic() - started:.1f} s: {self.state.place.api}, NodePorts at {self.state.place.node_address}"
        )
        report(f"export KUBECONFIG={self.state.kubeconfig}")

    def _start(self) -> None:
        started = time.monotonic()
        with machine.alone():
            self.state.make(machine.free_place())
            machine.save_settings()
            certificates.make(self.state)
            components.write(self.state)
            machine.make_cgroups(self.state.place)
            report(f"  keys and configuration ({time.monotonic() - started:.1f} s)")
            argv = [
                sys.executable,
                "-m",
                "tests.cluster.node.supervisor",
                str(self.state.folder),
                str(self.cache.folder),
            ]
            env = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]}
            inner = machine.start(argv, env, self.state)
        self.wait("API server answers", lambda: self.kubectl("get", "--raw", "/readyz", check=False).stdout == "ok")
        self.kubectl("apply", "--server-side", "-f", str(MANIFESTS / "router.yaml"))
        ctr = [
            *inner.enter(),
            str(components.DEBIAN / "usr/bin/ctr"),
            "--address",
            components.CONTAINERD_SOCKET,
            "version",
        ]
        self.wait("containerd answers", lambda: subprocess.run(ctr, capture_output=True).returncode == 0)
        begun = time.monotonic()
        images.load_own(inner.enter(), self.cache)
        report(f"  the node's own images ({time.monotonic() - begun:.1f} s)")
        self.kubectl("apply", "--server-side", "-f", str(MANIFESTS))
        self.wait("node is Ready", self._node_ready)
        self.wait("DNS answers", lambda: self._resolves(inner, "kubernetes.default.svc.cluster.local"))
        self.wait("provisioner is ready", lambda: self._available("local-path-storage", "local-path-provisioner"))
        self.wait("figures of pods and node", self._has_figures)

    def _keep_logs(self) -> None:
        """Of a start that failed: beside the state folder, which goes."""
        if self.state.ours() and self.state.logs.exists():
            kept = self.state.folder.with_name(self.state.folder.name + ".failed-logs")
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(self.state.logs, kept)
            report(f"logs kept in {kept}")

    def _node_ready(self) -> bool:
        path = "{.items[*].status.conditions[?(@.type=='Ready')].status}"
        return self.kubectl("get", "nodes", "-o", f"jsonpath={path}", check=False).stdout == "True"

    def _resolves(self, inner: machine.Inner, name: str) -> bool:
        busybox = (
            "busybox" if not (self.cache.debian / "bin/busybox").exists() else str(INSIDE_TOOLS / "debian/bin/busybox")
        )
        return (
            subprocess.run([*inner.enter(), busybox, "nslookup", name, DNS_SERVICE], capture_output=True).returncode
            == 0
        )

    def _available(self, namespace: str, deployment: str) -> bool:
        out = self.kubectl(
            "get", "deploy", deployment, "-n", namespace, "-o", "jsonpath={.status.availableReplicas}", check=False
        )
        return out.stdout == "1"

    def _has_figures(self) -> bool:
        for kind in ("nodes", "pods"):
            done = self.kubectl("get", "--raw", f"/apis/metrics.k8s.io/v1beta1/{kind}", check=False)
            if done.returncode or not json.loads(done.stdout)["items"]:
                return False
        return True

    # -- down and status --------------------------------------------------

    def down(self) -> None:
        """Ends what `up` started, and removes it. Nothing is there: nothing is done."""
        if not self.state.ours():
            report(f"nothing to take down: {self.state.folder} is not a cluster's state")
            return
        machine.check()
        started = time.monotonic()
        if inner := machine.Inner.of(self.state):
            inner.kill()
        until = time.monotonic() + 15
        while machine.link_exists(self.state.place) and time.monotonic() < until:
            time.sleep(0.05)  # the link goes with the last process of the namespace
        # The link of a node that had died before may be another's by now; then so are the groups.
        if not machine.link_exists(self.state.place):
            machine.remove_cgroups(self.state.place)
        machine.restore_settings()
        mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        below = [target for target in mounted if Path(target).is_relative_to(self.state.folder)]
        if below:
            raise Failure(
                f"mounted below the state folder: {', '.join(below)}", "these are not of the node; unmount them"
            )
        shutil.rmtree(self.state.folder)
        report(f"down in {time.monotonic() - started:.1f} s")

    def status(self) -> dict[str, Any]:
        """What runs, with its resident memory in MiB."""
        inner = machine.Inner.of(self.state)
        if inner is None:
            return {"running": False, "state": str(self.state.folder), "cache": str(self.cache.folder)}
        numbers = inner.processes()
        parts = {}
        for name, record in self.records().items():
            host = numbers.get(record["pid"], 0)
            parts[name] = {"pid": host, "starts": record["starts"], "mib": round(machine.memory(host) / 1024)}
        known = {part["pid"] for part in parts.values()} | {inner.pid}
        shims = [pid for pid in numbers.values() if pid not in known and "containerd-shim" in _command(pid)]
        return {
            "running": True,
            "state": str(self.state.folder),
            "cache": str(self.cache.folder),
            "kubeconfig": str(self.state.kubeconfig),
            "kubectl": str(self.cache.bin / "kubectl"),
            "api": self.state.place.api,
            "node_address": self.state.place.node_address,
            "components": parts,
            "supervisor_mib": round(machine.memory(inner.pid) / 1024),
            "shims": len(shims),
            "shims_mib": round(sum(map(machine.memory, shims)) / 1024),
        }


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
    except OSError:
        return ""
