"""The docker command, the engine it talks to, and the Compose plugin: told apart, and the one fix for each.

An engine is installed or started only where the docker command would then ask it: never beside one that is somewhere else,
never beside one that runs and is slow.
"""

from __future__ import annotations

from datameesh_cli.core.machine import Facts, Finding

MIN_COMPOSE = (2, 20)
"""The first Compose with `include:`."""

PATIENCE = 30
"""Seconds after which an engine that has not answered is said to hang."""

_NOBODY_LISTENS = (
    "cannot connect to the docker daemon",
    "is the docker daemon running",
    "failed to connect to the docker api",
    "no such file or directory",
    "connection refused",
)
"""What the docker command says when there is no engine. Anything else may come from one that is there, so none is started."""

_PACKAGES = "apt-get install docker.io iptables"


def client_finding(facts: Facts) -> Finding:
    """Given the facts, say how it is with the docker command."""
    name, client = "docker command", facts.client
    if client.works:
        return Finding(name, "ok", client.path)
    if client.podman:
        fix = "install Docker Engine 20.10 or newer in its place (Debian, Ubuntu: apt-get install docker.io)"
        return Finding(name, "missing", f"{client.path} is podman, which lacks what DataMeesh needs of an engine", fix)
    if client.path:
        fix = f"put a docker command that runs in its place, or take it away: mv {client.path} {client.path}.old"
        return Finding(name, "missing", f"{client.path} does not run: {client.trouble}", fix)
    if not facts.endpoint.ours:
        # The package that has the command has an engine too, which would start beside the one that was chosen.
        fix = f"install the docker command alone (Debian 13: apt-get install docker-cli), or: {_undo(facts)}"
        return Finding(name, "missing", f"not found, and {_chosen(facts)}", fix)
    if facts.automatic:
        return Finding(name, "missing", "not found", _PACKAGES, "engine")
    if facts.system == "Darwin":
        return Finding(name, "missing", "not found", "install Docker Desktop, Colima or OrbStack and start it")
    fix = "install Docker Engine 20.10 or newer (as root: ./dm doctor --fix on Debian or Ubuntu)"
    return Finding(name, "missing", "not found", fix)


def engine_finding(facts: Facts) -> Finding:
    """Given the facts, say how it is with the engine that the docker command asks."""
    engine = facts.engine
    if engine.version:
        return _answering(facts)
    if engine.hangs:
        return Finding("engine", "missing", f"hangs: no answer within {PATIENCE} s{_where(facts)}", _restart(facts))
    # Another machine's "permission denied" is about its own users and keys.
    if "permission denied" in engine.error.lower() and not facts.endpoint.remote:
        fix = "usermod -aG docker $USER, then log in again"
        return Finding("engine", "missing", f"this user may not talk to it{_where(facts)}", fix)
    if not facts.endpoint.ours:
        if not facts.client.works:
            return Finding("engine", "missing", f"cannot be asked; {_chosen(facts)}", "see the finding above")
        seen = f"does not answer ({_last_line(engine.error)}); {_chosen(facts)}"
        return Finding("engine", "missing", seen, f"start it there, or: {_undo(facts)}")
    return _absent(facts)


def compose_finding(facts: Facts) -> Finding:
    """Given the facts, say how it is with the Compose plugin of the docker command."""
    name = "Compose plugin"
    version = _numbers(facts.compose)
    if version >= MIN_COMPOSE:
        return Finding(name, "ok", facts.compose)
    seen = f"{facts.compose} is too old" if version else facts.compose_trouble or "not found"
    if facts.client.path and not facts.client.works:
        return Finding(name, "missing", "cannot be asked without a docker command that runs", "see the finding above")
    if facts.own_compose:
        return Finding(name, "missing", f"{seen}: {facts.own_compose}", f"rm {facts.own_compose}, then: ./dm doctor")
    if facts.compose_trouble:
        # It may only be slow, so it is not replaced.
        return Finding(name, "missing", seen, "see why: docker compose version; if it is broken, install it anew")
    if facts.automatic:
        unpacked = "Debian 13's docker-compose 2.26.1-4, unpacked"
        what = "apt-get install docker-compose-v2" if facts.distribution == "ubuntu" else unpacked
        return Finding(name, "missing", seen, what, "compose")
    fix = "install the docker-compose-plugin package (v2.20 or newer), or update Docker Desktop"
    return Finding(name, "missing", seen, fix)


def _answering(facts: Facts) -> Finding:
    engine = facts.engine
    seen = f"{engine.version}, cgroup v{engine.cgroup or '?'}"
    if "Docker Desktop" in engine.system:
        seen += ", Docker Desktop"
    if facts.endpoint.remote:
        fix = f"it must see this folder under the same path, for services mount files of it; or: {_undo(facts)}"
        return Finding("engine", "warn", f"{seen}; {_chosen(facts)}", fix)
    return Finding("engine", "ok", seen + _where(facts))


def _absent(facts: Facts) -> Finding:
    """No engine answers where one of this machine would."""
    error = facts.engine.error
    if not facts.client.works and (facts.client.path or facts.dockerd_pid):
        return Finding("engine", "missing", "cannot be asked", "see the finding above")
    if facts.dockerd_pid:
        seen = f"dockerd runs (pid {facts.dockerd_pid}) but does not answer yet"
        return Finding("engine", "missing", seen, f"wait a minute; if it stays so: {_restart(facts)}", "wait")
    if facts.client.works and not any(sign in error.lower() for sign in _NOBODY_LISTENS):
        return Finding("engine", "missing", f"answers with an error: {_last_line(error)}", _restart(facts))
    if facts.dockerd:
        start = "systemctl start docker" if facts.systemd else "dockerd, in the background"
        if facts.system == "Linux" and facts.root:
            return Finding("engine", "missing", "installed, but it does not run", f"start it: {start}", "start")
        return Finding("engine", "missing", "installed, but it does not run", f"start it as root: {start}")
    if facts.client.path.startswith("/snap/"):
        return Finding("engine", "missing", "the snap that has it does not run", "start it as root: snap start docker")
    if facts.system == "Darwin":
        return Finding("engine", "missing", "does not answer", "start Docker Desktop (or Colima, OrbStack)")
    if facts.automatic:
        return Finding("engine", "missing", "not installed", f"{_PACKAGES}, and start it", "engine")
    fix = "install Docker Engine 20.10 or newer, or start Docker Desktop"
    return Finding("engine", "missing", "none is installed, and none answers", fix)


def _restart(facts: Facts) -> str:
    if facts.endpoint.remote:
        return f"restart it on its machine, or: {_undo(facts)}"
    if facts.system == "Darwin" or not facts.endpoint.ours or "Docker Desktop" in facts.engine.system:
        return "restart what runs it (Docker Desktop: quit and start it; Colima: colima restart)"
    if facts.systemd:
        return "restart it as root: systemctl restart docker"
    if facts.dockerd_pid:
        return f"end it as root: kill {facts.dockerd_pid} (kill -9 after 30 s), then: ./dm doctor --fix"
    return "restart it: end the program that listens on /var/run/docker.sock, then: ./dm doctor --fix"


def _where(facts: Facts) -> str:
    return "" if facts.endpoint.ours and not facts.endpoint.by else f" at {facts.endpoint.address or '?'}"


def _chosen(facts: Facts) -> str:
    return f"{facts.endpoint.by} sends docker to {facts.endpoint.address or 'an engine that is not known here'}"


def _undo(facts: Facts) -> str:
    named = {"DOCKER_HOST": "unset DOCKER_HOST", "DOCKER_CONTEXT": "unset DOCKER_CONTEXT"}
    way = next((way for name, way in named.items() if facts.endpoint.by.startswith(name)), "docker context use default")
    return f"{way} (for an engine of this machine)"


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no message")


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.lstrip("v").split("-")[0].split(".")[:2]
    return tuple(int(p) for p in parts) if all(p.isdigit() for p in parts) else ()
