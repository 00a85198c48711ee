"""The repository as the contract tests read it. Every glob here refuses to be empty: a test over nothing would pass for ever."""

from __future__ import annotations

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)([^}]*)\}")


def _found(paths: list[Path]) -> list[Path]:
    assert paths, "nothing was found: run the tests in a complete checkout"
    return sorted(paths)


@cache
def fragments() -> tuple[Path, ...]:
    """Every service folder's Compose fragment."""
    return tuple(_found([*(ROOT / "services").glob("*/compose.yaml")]))


@cache
def dockerfiles() -> tuple[Path, ...]:
    """Every Dockerfile of a service folder."""
    return tuple(_found([*(ROOT / "services").glob("*/Dockerfile")]))


@cache
def folders() -> tuple[Path, ...]:
    """Every folder under services/."""
    return tuple(_found([p for p in (ROOT / "services").iterdir() if p.is_dir() and any(p.iterdir())]))


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that is committed, or would be with the next `git add`."""
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return tuple(_found([ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]))


@cache
def texts() -> tuple[tuple[Path, str], ...]:
    """Path and content of every tracked file that is text."""
    found = []
    for path in tracked():
        try:
            found.append((path, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    assert found
    return tuple(found)


def markdown() -> list[Path]:
    """Every tracked page."""
    return _found([p for p in tracked() if p.suffix == ".md"])


def read(path: Path) -> Any:
    """The content of a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@cache
def compose_services() -> tuple[tuple[Path, str, dict[str, Any]], ...]:
    """File, name and body of every Compose service of every fragment."""
    found = [(path, name, body) for path in fragments() for name, body in (read(path).get("services") or {}).items()]
    assert found
    return tuple(found)


@cache
def resolved(profiles: tuple[str, ...] = ("*",), env_file: Path | None = None, root: Path = ROOT) -> dict[str, Any]:
    """What Compose makes of the model, with no variable of this shell in it."""
    clean = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "DOCKER_CONFIG")}
    flags = [flag for profile in profiles for flag in ("--profile", profile)]
    env_flags = ["--env-file", str(env_file)] if env_file else []
    file = str(root / "compose" / "compose.yaml")
    command = ["docker", "compose", "-f", file, *env_flags, *flags, "config", "--format", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=clean, timeout=60)
    except FileNotFoundError:
        pytest.fail("the docker command is not installed; ./dm doctor says how to get it")
    if "is not a docker command" in done.stderr or "unknown command" in done.stderr:
        pytest.fail("the Compose plugin is not installed; ./dm doctor says how to get it")
    assert done.returncode == 0, done.stderr
    assert "variable is not set" not in done.stderr, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def started(name: str) -> dict[str, Any]:
    """A service as Compose starts it: what its fragment extends is in it."""
    body = resolved()["services"][name]
    assert isinstance(body, dict)
    return body


def label(path: Path) -> str:
    """A path as a test's id."""
    return str(path.relative_to(ROOT))


def services_parameters() -> dict[str, Any]:
    """Arguments for `pytest.mark.parametrize(**...)` over every Compose service."""
    services = compose_services()
    return {"argnames": ("path", "name", "body"), "argvalues": services, "ids": [name for _, name, _ in services]}
