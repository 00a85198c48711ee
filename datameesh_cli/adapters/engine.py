"""The container engine: what runs, what it says, what it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from datameesh_cli.adapters import answers, docker, process
from datameesh_cli.core.health import Container
from datameesh_cli.core.memory import mib
from datameesh_cli.errors import HostError

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """The engine's version, its memory in MiB, its processors, and its cgroup version."""

    version: str
    memory: int
    cpus: int
    cgroup: str


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine that the docker command talks to."""

    def info(self) -> EngineInfo:
        """Return what the engine is and has. Raise HostError if none answers."""
        done = docker.run("info", "--format", "{{json .}}", timeout=30)
        if done.code:
            raise HostError("no container engine answers", "run: ./dm doctor --fix")
        with answers.understood("docker info"):
            data = answers.json_of("docker info", done.out)
            if not data.get("ServerVersion"):
                raise HostError("no container engine answers", "run: ./dm doctor --fix")
            return EngineInfo(
                data["ServerVersion"], data["MemTotal"] // 2**20, data["NCPU"], str(data.get("CgroupVersion", ""))
            )

    def containers(self, project: str) -> tuple[Container, ...]:
        """Given a Compose project, return its containers (job runs excepted), stopped ones included."""
        ids = container_ids(project, "label=com.docker.compose.oneoff=False")
        if not ids:
            return ()
        # One call for all of them: the wait loop of `up` asks twice a second, on the cores that the stack is starting on.
        done = docker.run("inspect", *ids)
        # Exit code 1 with an answer: one of them went away in between.
        if done.code and not done.out.strip().startswith("["):
            raise docker.failure("look at the containers", done.err or done.out)
        with answers.understood("docker inspect"):
            found = answers.json_of("docker inspect", done.out)
            return tuple(sorted((_container(c) for c in found), key=lambda c: c.name))

    def log_tail(self, container: str, lines: int = 80) -> str:
        """Given a container, return the end of its log, both streams."""
        done = docker.run("logs", "--tail", str(lines), container, timeout=30)
        return done.out + done.err

    def exec(
        self, container: str, command: Sequence[str], *, stdin: str | None = None, timeout: float = 60
    ) -> process.Finished:
        """Given a container and a command, run it inside and return what came out, whatever its exit code."""
        interactive = ["-i"] if stdin is not None else []
        return docker.run("exec", *interactive, container, *command, stdin=stdin, timeout=timeout)

    def publishing(self, port: int) -> str | None:
        """Given a host port, return the name of the container that publishes it, or None."""
        return docker.said("ps", "--filter", f"publish={port}", "--format", "{{.Names}}").strip() or None

    def missing_images(self, images: Sequence[str]) -> tuple[str, ...]:
        """Given image references, return those that the engine has not."""
        # One call says whether all are there; which ones are missing is asked only then.
        if not images or self._has(*images):
            return ()
        return tuple(image for image in images if not self._has(image))

    def memory_used(self, project: str) -> dict[str, int]:
        """Given a Compose project, return each running container's memory in use, in MiB, without page cache."""
        names = [c.name for c in self.containers(project) if c.status == "running"]
        if not names:
            return {}
        out = docker.said("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", *names)
        with answers.understood("docker stats"):
            said = [line.split() for line in out.splitlines() if line.strip()]
            # A container that ended in this moment says `--`.
            return {name: round(mib(used)) if used[0].isdigit() else 0 for name, used, *_ in said}

    def run_once(self, image: str, network: str, command: Sequence[str], address: str = "") -> process.Finished:
        """Given an image, a network and a command, run it in a container that is removed afterwards; `address` is its own there."""
        place = ["--network", network, *(["--ip", address] if address else [])]
        words = ["run", "--rm", *place, "--entrypoint", command[0], image, *command[1:]]
        return docker.run(*words, timeout=120)

    def networks(self, project: str) -> tuple[str, ...]:
        """Given a Compose project, return the names of its networks."""
        return _named("network", project)

    def attached(self, networks: Sequence[str]) -> tuple[str, ...]:
        """Given names of networks, return the names of the containers on them, whoever's they are."""
        if not networks:
            return ()
        shown = ["network", "inspect", *networks, "--format", "{{range .Containers}}{{.Name}} {{end}}"]
        return tuple(sorted(docker.said(*shown).split()))

    def volumes(self, project: str) -> tuple[str, ...]:
        """Given a Compose project, return the names of its volumes."""
        return _named("volume", project)

    def remove_leftover_jobs(self, project: str) -> None:
        """Given a Compose project, remove job containers that an interrupted run left behind."""
        found = container_ids(project, "label=com.docker.compose.oneoff=True")
        if found:
            docker.said("rm", "-f", *found)

    def _has(self, *images: str) -> bool:
        return docker.run("image", "inspect", "--format", "{{.Id}}", *images, timeout=30).code == 0


def container_ids(project: str, *filters: str) -> list[str]:
    """Given a Compose project and filters of `docker ps`, return the ids of its containers that fit all, stopped ones included."""
    wanted = (f"label={PROJECT_LABEL}={project}", *filters)
    return docker.said("ps", "-aq", *(word for each in wanted for word in ("--filter", each))).split()


def _named(kind: str, project: str) -> tuple[str, ...]:
    return tuple(
        docker.said(kind, "ls", "--filter", f"label={PROJECT_LABEL}={project}", "--format", "{{.Name}}").split()
    )


def _container(c: dict[str, Any]) -> Container:
    state, labels = c["State"], c["Config"].get("Labels") or {}
    networks = c["NetworkSettings"].get("Networks") or {}
    return Container(
        name=c["Name"].lstrip("/"),
        service=labels.get(SERVICE_LABEL, ""),
        status=state.get("Status", ""),
        health=(state.get("Health") or {}).get("Status", "").replace("none", ""),
        exit_code=state.get("ExitCode", 0),
        oom_killed=bool(state.get("OOMKilled")),
        restarts=c.get("RestartCount", 0),
        limit=c["HostConfig"].get("Memory", 0) // 2**20,
        started_at=state.get("StartedAt", ""),
        image=c["Config"].get("Image", ""),
        image_id=c.get("Image", ""),
        address=next((n["IPAddress"] for n in networks.values() if n.get("IPAddress")), ""),
    )
