"""Where the docker command looks for its engine, read as the command itself reads it: DOCKER_HOST, then a context."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datameesh_cli.adapters import files
from datameesh_cli.core.machine import Endpoint
from datameesh_cli.errors import HostError


def endpoint(env: Mapping[str, str] = os.environ, home: Path | None = None) -> Endpoint:
    """Return where the docker command goes and what sends it there. Raise DmError if its configuration cannot be read."""
    if env.get("DOCKER_HOST"):
        return Endpoint(env["DOCKER_HOST"], "DOCKER_HOST")
    folder = _folder(env, home)
    if env.get("DOCKER_CONTEXT"):
        name, by = env["DOCKER_CONTEXT"], "DOCKER_CONTEXT"
    else:
        name, by = str(_json(folder / "config.json").get("currentContext") or ""), "the docker context"
    if name in ("", "default"):
        return Endpoint()
    meta = _json(folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json")
    address = ((meta.get("Endpoints") or {}).get("docker") or {}).get("Host", "")
    return Endpoint(str(address), f"{by} {name}")


def own_compose(env: Mapping[str, str] = os.environ, home: Path | None = None) -> str:
    """Return the path of a Compose plugin in the user's own folder, "" without one."""
    # By a pattern, which finds a link that leads nowhere too: docker trips over it as over a broken plugin.
    return next(map(str, files.found(_folder(env, home) / "cli-plugins", "docker-compos[e]")), "")


def _folder(env: Mapping[str, str], home: Path | None) -> Path:
    return Path(env["DOCKER_CONFIG"]) if env.get("DOCKER_CONFIG") else (home or Path.home()) / ".docker"


def _json(path: Path) -> dict[str, Any]:
    text = files.read_if_there(path)
    try:
        data = json.loads(text or "{}")
    except ValueError as failed:
        raise HostError(f"{path} cannot be read: {failed}", "correct it or take it away") from failed
    return data if isinstance(data, dict) else {}
