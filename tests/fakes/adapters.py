"""Adapters whose repository and state folder are real, in a temporary folder, and whose engine and Compose are scripted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from datameesh_cli.adapters.adapters import Adapters, adapters_for
from datameesh_cli.adapters.compose import Compose
from datameesh_cli.adapters.engine import Engine, EngineInfo
from datameesh_cli.adapters.repository import Repository
from datameesh_cli.core.health import Container
from datameesh_cli.errors import DmError, HostError

FRAGMENT = """\
services:
  {name}:
    image: ${{{prefix}_IMAGE:-datameesh/{name}:1}}
    profiles: [{profile}]
    {ports}
    {depends_on}
    secrets: [{name}-password]
    x-datameesh:
      namespace: data-platform
      layer: infrastructure
      owner: platform-team
      ram: {{min: {least}, want: {want}}}
      {urls}
      provides: [{provides}]
"""


def write_repository(root: Path, *, web_port: int = 30808) -> Repository:
    """Make a checkout of three services in `root`: db (core), metastore and web (analytics), each waiting for the one before."""
    _write(root, "db", "core", (100, 200), provides="domain-database, marts")
    _write(root, "metastore", "analytics", (100, 200), depends_on="depends_on: [db]")
    port = f'ports: ["${{DM_BIND:-127.0.0.1}}:${{WEB_PORT:-{web_port}}}:8080"]'
    urls = "urls: [{title: Web, port: WEB_PORT, path: /ui/, user: admin, secret: web-password, can: [look]}]"
    _write(
        root,
        "web",
        "analytics",
        (300, 600),
        depends_on="depends_on: [metastore]",
        ports=port,
        urls=urls,
        provides="sql",
    )
    profiles = root / "profiles"
    profiles.mkdir()
    (profiles / "core.yaml").write_text("name: core\nrequires: []\ndescription: domains\n")
    (profiles / "analytics.yaml").write_text("name: analytics\nrequires: [core]\ndescription: queries\n")
    (root / "compose").mkdir()
    (root / "compose" / "compose.yaml").write_text("name: datameesh\n\ninclude:\n  - old\n\nnetworks:\n  mesh: {}\n")
    return Repository(root)


def _write(root: Path, name: str, profile: str, ram: tuple[int, int], *, provides: str = "", **lines: str) -> None:
    folder = root / "services" / name
    folder.mkdir(parents=True)
    text = FRAGMENT.format(
        name=name,
        prefix=name.upper(),
        profile=profile,
        least=ram[0],
        want=ram[1],
        provides=provides,
        **({"depends_on": "", "ports": "", "urls": ""} | lines),
    )
    (folder / "compose.yaml").write_text(text)
    (folder / "README.md").write_text(f"# {name}\n\nThe {name} of\nthe test.\n\nMore.\n")


class FakeEngine:
    """An engine whose containers follow a script: one entry for each time it is asked, the last one for ever."""

    def __init__(self, *script: Sequence[Container], memory: int = 4096) -> None:
        self.script = list(script) or [()]
        self.memory: int | None = memory
        self.logs: dict[str, str] = {}
        self.publishers: dict[int, str] = {}
        self.missing: set[str] = set()
        self.asked_images: list[str] = []
        self.kept_volumes: list[str] = ["datameesh_db-data"]
        self.used_elsewhere: list[str] = []
        self.kept_networks: tuple[str, ...] = ()
        self.on_networks: tuple[str, ...] = ()

    def info(self) -> EngineInfo:
        if self.memory is None:
            raise HostError("no container engine answers", "run: ./dm doctor --fix")
        return EngineInfo("20.10", self.memory, 2, "1")

    def containers(self, project: str) -> tuple[Container, ...]:
        return tuple(self.script.pop(0) if len(self.script) > 1 else self.script[0])

    def log_tail(self, container: str, lines: int = 80) -> str:
        return self.logs.get(container, "")

    def publishing(self, port: int) -> str | None:
        return self.publishers.get(port)

    def missing_images(self, images: Sequence[str]) -> tuple[str, ...]:
        self.asked_images += images
        return tuple(image for image in images if image in self.missing)

    def memory_used(self, project: str) -> dict[str, int]:
        return {c.name: 50 for c in self.containers(project)}

    def networks(self, project: str) -> tuple[str, ...]:
        return self.kept_networks

    def attached(self, networks: Sequence[str]) -> tuple[str, ...]:
        return self.on_networks if networks else ()

    def volumes(self, project: str) -> tuple[str, ...]:
        return tuple(self.kept_volumes)

    def remove_leftover_jobs(self, project: str) -> None:
        pass


class FakeCompose:
    """A Compose that writes down what it is asked for. `failure` is what starting ends with."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.failure: DmError | None = None
        self.refuses: DmError | None = None
        self.refuses_down: DmError | None = None
        self.never_ends = False
        self.images: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self.engine: FakeEngine | None = None

    def resolve(self, profiles: Sequence[str], env_file: Path | None = None) -> dict[str, Any]:
        self.calls.append(("resolve", tuple(profiles)))
        if self.refuses:
            raise self.refuses
        if env_file:
            self.variables = dict(line.split("=", 1) for line in env_file.read_text().splitlines())
        return {"services": {name: {"image": image} for name, image in self.images.items()}}

    @contextmanager
    def starting(self, profiles: Sequence[str], services: Sequence[str]) -> Iterator[Callable[[], bool]]:
        self.calls.append(("start", tuple(services)))

        def at_work() -> bool:
            if self.failure:
                raise self.failure
            return self.never_ends

        try:
            yield at_work
        finally:
            self.calls.append(("left", None))

    def down(self, *, volumes: bool) -> None:
        self.calls.append(("down", volumes))
        if self.refuses_down:
            raise self.refuses_down
        if volumes and self.engine:
            self.engine.kept_volumes = list(self.engine.used_elsewhere)

    def remove(self, services: Sequence[str]) -> None:
        self.calls.append(("remove", tuple(services)))

    def restart(self, services: Sequence[str]) -> None:
        self.calls.append(("restart", tuple(services)))

    def stop(self, services: Sequence[str]) -> None:
        self.calls.append(("stop", tuple(services)))

    def start(self, services: Sequence[str]) -> None:
        self.calls.append(("start again", tuple(services)))

    def names(self) -> list[str]:
        """What was called, without the arguments."""
        return [name for name, _ in self.calls]


def fake_adapters(
    root: Path, engine: FakeEngine, *, name: str = "datameesh", web_port: int = 30808
) -> tuple[Adapters, FakeCompose]:
    """Given a temporary folder and an engine, return adapters and their Compose."""
    if not (root / "services").exists():
        write_repository(root, web_port=web_port)
    compose = FakeCompose()
    compose.engine = engine
    adapters = adapters_for(name, root, root / ".dm")
    return replace(adapters, engine=cast(Engine, engine), compose=cast(Compose, compose), project="datameesh"), compose


def files_of(root: Path) -> Mapping[str, bytes]:
    """Return path and content of every file below `root`, to see that nothing was written."""
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}
