"""An engine of its own on a machine without a network: in a network namespace that has a loopback and nothing else.

The engine of the machine, its images, its rules and its containers are not touched.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

_PROGRAMS = ("dockerd", "ip", "nsenter", "unshare")
_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class LonelyEngine:
    """Its process, as this machine counts, and the folder it lives in."""

    pid: int
    folder: Path

    @property
    def host(self) -> str:
        """What DOCKER_HOST has to say."""
        return f"unix://{self.folder}/sock"

    def run(
        self, words: list[str], code: int = 0, timeout: float = 600, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program where the engine is, with no way out, and require its exit code."""
        inside = ["nsenter", "--target", str(self.pid), "--net", "--", *words]
        env = dict(os.environ) | {"DOCKER_HOST": self.host, "COLUMNS": "200"} | env
        done = subprocess.run(inside, capture_output=True, text=True, env=env, timeout=timeout)
        assert done.returncode == code, f"{' '.join(words)} ended in {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


@contextmanager
def engine_without_network() -> Iterator[LonelyEngine]:
    """Start it with an empty store, and leave nothing of it. Skips where it cannot be had: that shows nothing."""
    missing = [name for name in _PROGRAMS if not shutil.which(name)]
    if os.geteuid() or missing:
        pytest.skip(f"an engine of its own needs root, and {', '.join(missing) or 'nothing else'}")
    # Not in pytest's folder: the path of a socket may have 108 characters.
    folder = Path(tempfile.mkdtemp(prefix="dm-"))
    group = f"datameesh-offline-{os.getpid()}"
    words = ["dockerd", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid"]
    words += ["--host", f"unix://{folder}/sock", "--cgroup-parent", f"/{group}"]
    alone = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
    with (folder / "log").open("wb") as log:
        outer = subprocess.Popen(
            [*alone, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *words],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield _started(outer, folder)
    finally:
        for pid in _children(outer.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        try:
            outer.wait(timeout=60)
        except subprocess.TimeoutExpired:
            outer.kill()  # and with it, by --kill-child, process 1 of the namespace, and with that all in it
            outer.wait()
        for path in sorted(_CGROUPS.glob(f"*/{group}/**/"), key=lambda p: -len(p.parts)):
            with suppress(OSError):
                path.rmdir()
        shutil.rmtree(folder, ignore_errors=True)


def _started(outer: subprocess.Popen[bytes], folder: Path) -> LonelyEngine:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and outer.poll() is None:
        if (pids := _children(outer.pid)) and (folder / "sock").exists():
            engine = LonelyEngine(pids[0], folder)
            with suppress(AssertionError):
                engine.run(["docker", "version"])
                return engine
        time.sleep(0.2)
    raise AssertionError("the engine did not start:\n" + (folder / "log").read_text()[-3000:])


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
