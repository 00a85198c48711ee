"""Compose: the one model, started, stopped, resolved, and its jobs run."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datameesh_cli.adapters import answers, docker, files, network, process
from datameesh_cli.adapters.engine import container_ids
from datameesh_cli.core.network import ADDRESSES, BLOCK_VARIABLE, address_variable, stand_ins
from datameesh_cli.core.stream import Stream
from datameesh_cli.errors import UnhealthyError

if TYPE_CHECKING:
    from python_on_whales import DockerClient


@dataclass(frozen=True, slots=True)
class Compose:
    """The Compose model of one stack: its file, its project name and the variables of its plan."""

    file: Path
    project: str
    env_file: Path

    def resolve(self, profiles: Sequence[str], env_file: Path | None = None) -> dict[str, Any]:
        """Given profiles and the variables (none: those in force), return the resolved model (`docker compose config`).

        Raise UserError if the model is not valid.
        """
        asked = replace(self, env_file=env_file or self.env_file)
        done = process.run([*asked._base(profiles), "config", "--format", "json"], timeout=60)
        if done.code:
            raise docker.failure("resolve the Compose model", done.err)
        with answers.understood("docker compose config"):
            resolved: dict[str, Any] = dict(answers.json_of("docker compose config", done.out))
            _ = resolved["services"].items()
        return resolved

    @contextmanager
    def starting(self, profiles: Sequence[str], services: Sequence[str]) -> Iterator[Callable[[], bool]]:
        """Given services and the profiles that they are in, create and start them while the caller looks on.

        Unchanged ones are left alone.

        The function handed over says whether Compose is still at work, and raises what it failed with. Whoever leaves early,
        through a failure or Ctrl-C, ends Compose first, so that the next `up` has the project to itself.
        """
        self._remove_half_made()
        command = [*self._placed(profiles), "up", "--detach", "--quiet-pull", "--pull", "never", *services]
        with process.begun(command) as finished:

            def at_work() -> bool:
                done = finished()
                if done and done.code:
                    raise docker.failure("start the stack", done.out)
                return done is None

            yield at_work

    def _remove_half_made(self) -> None:
        """Compose makes a container's successor as `<id>_<name>`, and gives it the name when the old one is gone. One that was cut
        short stands in its own way ("Conflict. The container name is already in use"); it never ran."""
        found = container_ids(self.project, "status=created", "name=^/?[0-9a-f]{12}_")
        if found:
            docker.said("rm", *found)

    def down(self, *, volumes: bool) -> None:
        """Remove all containers and the network of the project, and its volumes too if `volumes`.

        Each service gets the time that its own `stop_grace_period` says, here and below: a worker hands its tasks over first.
        """
        with docker.done_whole("stop the stack"):
            self._client().compose.down(remove_orphans=True, volumes=volumes, quiet=True)

    def remove(self, services: Sequence[str]) -> None:
        """Given service names, stop and remove their containers; the network and all data stay."""
        with docker.done_whole("remove services"):
            self._client().compose.rm(list(services), stop=True)

    def stop(self, services: Sequence[str]) -> None:
        """Given service names, stop their containers, which stay."""
        with docker.done_whole("stop services"):
            self._client().compose.stop(list(services))

    def start(self, services: Sequence[str]) -> None:
        """Given service names, start their containers, which are there."""
        with docker.done_whole("start services"):
            self._client().compose.start(list(services))

    def restart(self, services: Sequence[str]) -> None:
        """Given service names, stop and start their containers."""
        with docker.done_whole("restart services"):
            self._client().compose.restart(list(services))

    def run_job(
        self,
        service: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        volumes: Sequence[str] = (),
        program: Sequence[str] = (),
    ) -> Stream[int]:
        """Given a job service and its command, run it in a container of its own and yield its lines;
        the generator returns the exit code.

        `volumes` are `host:container[:ro]` mounts, `program` takes the place of the image's own. The container is removed
        afterwards, also on Ctrl-C.
        """
        name = f"{self.project}-{service}-run-{secrets.token_hex(6)}"
        args = [*self._placed(["*"]), "run", "--rm", "--name", name, "--no-deps", "-T", "--quiet-pull"]
        for variable, value in (env or {}).items():
            args += ["-e", f"{variable}={value}"]
        for volume in volumes:
            args += ["-v", volume]
        if program:
            args += ["--entrypoint", program[0]]
        try:
            surroundings = {**os.environ, **self._address_of_run(service)}
            code = yield from process.stream([*args, service, *program[1:], *command], env=surroundings)
        except BaseException:
            # Compose that is told to end leaves the container at work.
            docker.run("rm", "--force", name)
            raise
        return code

    def logs_command(self, services: Sequence[str], *, follow: bool, tail: int) -> list[str]:
        """Given services (all if none), return the command that prints their logs on the user's terminal."""
        follow_flag = ["--follow"] if follow else []
        return [*self._base(["*"]), "logs", *follow_flag, "--tail", str(tail), *services]

    def exec_command(self, service: str, command: Sequence[str], *, terminal: bool) -> list[str]:
        """Given a service and a command, return the command that runs it in the service's first container."""
        return [*self._base(["*"]), "exec", *([] if terminal else ["-T"]), service, *command]

    def stand_in(self, service: str) -> str:
        """Given a service, return an address that has its rights on the network and is free; "" where services have none."""
        lines = (files.read_if_there(self._addresses) or "").splitlines()
        variables = dict(line.partition("=")[::2] for line in lines)
        first, block = variables.get(address_variable(service), ""), variables.get(BLOCK_VARIABLE, "")
        if not first or not block.isdecimal():
            return ""
        found = network.free(self.project, stand_ins(first, int(block)))
        if not found:
            raise UnhealthyError(f"all addresses of {service} are taken", "wait until what runs in its name has ended")
        # Not the first one: two that look at the same time would take it both.
        return secrets.choice(found)

    def _address_of_run(self, service: str) -> dict[str, str]:
        address = self.stand_in(service)
        return {address_variable(service): address} if address else {}

    @property
    def _addresses(self) -> Path:
        return self.env_file.with_name(ADDRESSES)

    def _placed(self, profiles: Sequence[str]) -> list[str]:
        """The base of a command that starts something: each service has its address on the network that `dm` made."""
        added = ["--env-file", str(self._addresses)] if files.is_there(self._addresses) else []
        return [*self._base(profiles), *added]

    def _client(self) -> DockerClient:
        return docker.compose(self.file, self.project, self.env_file if files.is_file(self.env_file) else None, ["*"])

    def _base(self, profiles: Sequence[str]) -> list[str]:
        env_file = ["--env-file", str(self.env_file)] if files.is_there(self.env_file) else []
        named = [flag for profile in profiles for flag in ("--profile", profile)]
        return docker.command("compose", "-f", str(self.file), "-p", self.project, *env_file, *named)
