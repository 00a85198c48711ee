"""One stack under test, driven through `dm` as a user drives it: as a program, by its exit code and what it prints."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datameesh_cli.adapters import host
from datameesh_cli.adapters.adapters import Adapters, adapters_for
from datameesh_cli.adapters.engine import Engine
from datameesh_cli.core.health import Container
from datameesh_cli.core.stack import PORT_STEP, stack_ports
from datameesh_cli.usecases.count_rows import PYTEST_VERDICTS
from tests.applicable import APPLICABLE, REASONS

ROOT = Path(__file__).parents[2]
ENGINE = Engine()
SMALLEST = "1536m"
"""The smallest budget of everything in `analytics`."""


@dataclass(frozen=True)
class Stack:
    """A stack of its own name: its project, its ports, its state folder. It runs beside a user's stack and beside others."""

    name: str

    @property
    def adapters(self) -> Adapters:
        """The adapters of this stack."""
        return adapters_for(self.name)

    @property
    def project(self) -> str:
        """Its Compose project."""
        return self.adapters.project

    def command(self, *args: str) -> list[str]:
        """The command line of `dm` for this stack."""
        return [sys.executable, "-m", "datameesh_cli", "--name", self.name, *args]

    def dm(
        self, *args: str, code: int = 0, timeout: float = 600, stdin: str | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `dm` to its end and require its exit code."""
        how: dict[str, Any] = {"input": stdin, "capture_output": True, "text": True, "timeout": timeout}
        done = subprocess.run(self.command(*args), cwd=ROOT, env=_environment() | env, **how)
        assert done.returncode == code, f"dm {' '.join(args)} ended in {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *args: str, **options: Any) -> Any:
        """Run `dm ... --output json` and return the result."""
        return json.loads(self.dm(*args, "--output", "json", **options).stdout)

    def verify(self) -> list[dict[str, Any]]:
        """Run `dm verify --strict`, require that nothing failed, and return the checks that passed."""
        results = self.verified()
        assert [(r["name"], r["why"]) for r in results if r["result"] == "failed"] == []
        return [r for r in results if r["result"] == "passed"]

    def verified(self, *patterns: str) -> list[dict[str, Any]]:
        """Run `dm verify --strict` and return what became of each check."""
        command = self.command("verify", "--strict", "--output", "json", *patterns)
        done = subprocess.run(command, cwd=ROOT, env=_environment(), capture_output=True, text=True)
        assert done.stdout, done.stderr
        results: list[dict[str, Any]] = json.loads(done.stdout)["results"]
        failed = any(r["result"] == "failed" for r in results)
        assert done.returncode == (4 if failed else 0), done.stderr
        return results

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start `dm` and return at once."""
        return subprocess.Popen(
            self.command(*args), cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def containers(self) -> dict[str, Container]:
        """The containers by name."""
        return {c.name: c for c in ENGINE.containers(self.project)}

    def ids(self) -> dict[str, str]:
        """The engine's id of each container by name."""
        out = docker(
            "ps",
            "-a",
            "--no-trunc",
            "--filter",
            f"label=com.docker.compose.project={self.project}",
            "--format",
            "{{.Names}} {{.ID}}",
        )
        return dict(line.split() for line in out.splitlines())

    def scalar(self, sql: str) -> str:
        """Run SQL through `dm sql` and return its last row as CSV."""
        return self.dm("sql", sql, "--output", "csv").stdout.splitlines()[-1].strip('"')

    def until_healthy(self, within: float = 180) -> None:
        """Wait, without any help of `dm`, until `dm status` calls everything well."""
        deadline = time.monotonic() + within
        while True:
            done = subprocess.run(self.command("status"), cwd=ROOT, env=_environment(), capture_output=True, text=True)
            if done.returncode == 0 and "all well" in done.stdout:
                return
            assert time.monotonic() < deadline, f"not healthy after {within:.0f} s\n{done.stdout}\n{done.stderr}"
            time.sleep(1)

    def reserve_ports(self) -> None:
        """Keep a port offset at which all ports of all profiles are free, so that two checkouts can test at once.

        Each stack begins at one of its own: the ports of a stack that is about to start are free too.
        """
        services = self.adapters.repository.model().services
        first = int(hashlib.sha256(self.name.encode()).hexdigest(), 16) % 29
        for step in range(29):
            offset = ((first + step) % 29 + 1) * PORT_STEP
            if all(host.is_port_free("127.0.0.1", p.host) for p in stack_ports(services, offset, {})):
                self.adapters.state.write("ports.json", json.dumps({"offset": offset}))
                return
        raise AssertionError("no port offset is free")

    def remove(self) -> None:
        """Remove every trace of the stack, but for what `dm verify` found: `dm dev coverage` reads it."""
        self.dm("down", "--volumes", "--yes")
        for name, kept_as in PYTEST_VERDICTS.items():
            kept = ROOT / ".dm" / kept_as
            verdicts = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
            kept.write_text(json.dumps(verdicts | (self.adapters.state.read_json(name) or {})), encoding="utf-8")
        shutil.rmtree(self.adapters.state.folder, ignore_errors=True)


def refuse_uncounted(results: list[dict[str, Any]], loaded: str) -> None:
    """On the smallest plan: require that as many checks applied as that data set has, and why each other did not."""
    kinds = Counter(r["reason"] if r["result"] == "not applicable" else "applies" for r in results)
    assert dict(kinds) == APPLICABLE[loaded]
    others = [r for r in results if r["result"] == "not applicable"]
    assert [r for r in others if not re.fullmatch(REASONS[r["reason"]], r["why"])] == []


def until(holds: Callable[[], bool], within: float, what: str, every: float = 0.5) -> None:
    """Ask every so many seconds until it holds; fail with `what` after `within` seconds."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"not within {within:.0f} s: {what}"
        time.sleep(every)


def stack_of(suffix: str = "") -> Stack:
    """The test stack of this checkout: another checkout has another name, so both can be tested at the same time."""
    return Stack("t" + hashlib.sha256(str(ROOT).encode()).hexdigest()[:7] + suffix)


@contextmanager
def fresh_stack(suffix: str = "") -> Iterator[Stack]:
    """A test stack of this checkout with nothing of an earlier run in it, and ports of its own; gone again afterwards."""
    stack = stack_of(suffix)
    stack.dm("down", "--volumes", "--yes")
    stack.reserve_ports()
    try:
        yield stack
    finally:
        stack.remove()


def docker(*args: str) -> str:
    """Run the docker command and return what it prints."""
    done = subprocess.run(["docker", *args], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"docker {' '.join(args)}: {done.stderr}"
    return done.stdout


def kill_from_outside(container: str) -> None:
    """SIGKILL the container's process as the host's kernel would. `docker kill` would tell the engine to leave it stopped."""
    pid = int(docker("inspect", "--format", "{{.State.Pid}}", container))
    assert pid > 1
    if os.geteuid() == 0 and Path(f"/proc/{pid}").exists():  # root beside the engine
        os.kill(pid, signal.SIGKILL)
        return
    inside = ["--rm", "--pid", "host", "--privileged", "--user", "0", "--network", "none", "datameesh/base:13"]
    docker("run", *inside, "sh", "-c", f"kill -9 {pid}")


def _environment() -> dict[str, str]:
    """This shell's environment without what would steer the stack under test."""
    steering = ("DM_", "COMPOSE_")
    return {k: v for k, v in os.environ.items() if not k.startswith(steering) and not k.endswith("_PORT")} | {
        "COLUMNS": "200"
    }
