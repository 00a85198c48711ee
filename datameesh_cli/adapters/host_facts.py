"""What this machine has. Each thing is looked at by itself: what one look stumbles over is told, and keeps none from the others."""

from __future__ import annotations

import json
import os
import platform
import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from datameesh_cli.adapters import clock, docker, docker_endpoint, dockerd, files, process
from datameesh_cli.core.container_engine import PATIENCE
from datameesh_cli.core.machine import Client, Endpoint, Engine, Facts
from datameesh_cli.errors import DmError, HostError

T = TypeVar("T")


@dataclass
class Looks:
    """The looks at a machine, and what came between."""

    failed: dict[str, str] = field(default_factory=dict)

    def at(self, finding: str, look: Callable[[], T], otherwise: T) -> T:
        """Given the finding that a look is for, return what it sees, or `otherwise` when it fails, whatever it fails with."""
        try:
            return look()
        except DmError as failed:
            self.failed[finding] = failed.message
        # A doctor who faints helps nobody: any failure of a look is a finding.
        except Exception as failed:
            self.failed[finding] = f"{type(failed).__name__}: {failed}"
        return otherwise


def look(images: Callable[[], Mapping[str, str]], old: Callable[[], Mapping[str, int]] = dict) -> Facts:
    """Given what tells the references of our images by name, and the days of those that are old, return what this machine has.

    Raises nothing. What cannot be looked at is in the facts' `unseen`.
    """
    looks = Looks()
    nothing: Mapping[str, str] = {}
    release = looks.at("distribution", _os_release, nothing)
    client = looks.at("docker command", _client, Client())
    endpoint = looks.at("engine", docker_endpoint.endpoint, Endpoint())
    engine, root_dir = looks.at("engine", _engine, (Engine(), "")) if client.works else (Engine(), "")
    compose, trouble = looks.at("Compose plugin", _compose, ("", "")) if client.works else ("", "")
    here = not endpoint.remote and "Docker Desktop" not in engine.system
    disk = None if endpoint.remote else _disk_of_engine(root_dir)
    ahead, ahead_file = looks.at("read-ahead", lambda: _read_ahead(disk), (0, "")) if here and disk else (0, "")
    block = looks.at("encryption", lambda: _block(disk), None) if here and disk else None
    ours = looks.at("base image", images, nothing)
    return Facts(
        system=platform.system(),
        distribution=release.get("ID", ""),
        release=release.get("VERSION_CODENAME", ""),
        root=os.geteuid() == 0,
        python=platform.python_version(),
        client=client,
        endpoint=endpoint,
        engine=engine,
        dockerd=looks.at("engine", dockerd.program, ""),
        dockerd_pid=looks.at("engine", dockerd.living, 0),
        systemd=dockerd.has_systemd(),
        compose=compose,
        compose_trouble=trouble,
        own_compose=looks.at("Compose plugin", docker_endpoint.own_compose, ""),
        cpus=os.cpu_count() or 0,
        ram=looks.at("memory", lambda: _memory()[0], 0.0),
        swap=looks.at("swap", lambda: _memory()[1], None) if here else None,
        disk=looks.at("disk", lambda: files.disk(disk)[0] / 2**30, None) if disk else None,
        open_files=looks.at("open files", _open_files, 0) if here else 0,
        read_ahead=ahead,
        read_ahead_file=ahead_file,
        encrypted=looks.at("encryption", lambda: _is_encrypted(block), None) if block else None,
        debootstrap=process.find("debootstrap") is not None,
        base=looks.at("base image", lambda: bool(engine.version) and _has(ours.get("base", "")), False),
        kompose=looks.at("kompose", lambda: bool(engine.version) and _has(ours.get("kompose", "")), False),
        old_images=looks.at("images", lambda: tuple(old().items()) if engine.version else (), ()),
        unseen=tuple(looks.failed.items()),
    )


def _client() -> Client:
    path = docker.program()
    if not path:
        return Client()
    try:
        done = process.run([path, "--version"], timeout=PATIENCE, env=_away_from_the_engine())
    except HostError as failed:
        return Client(path, failed.message)
    said = (done.out + done.err).strip()
    first = said.splitlines()[0] if said else ""
    if "podman" in said.lower():
        return Client(path, podman=True)
    if done.code:
        return Client(path, f"it ends with exit code {done.code}" + (f": {first[:200]}" if first else ""))
    if "docker" not in first.lower():
        return Client(path, f"asked for its version it says {first[:200]!r}")
    return Client(path)


def _away_from_the_engine() -> dict[str, str]:
    """The environment for what has nothing to do with an engine: docker 20.10 greets it even when asked for its own version, and
    hangs with one that hangs."""
    return dict(os.environ, DOCKER_HOST="unix:///nowhere/docker.sock")


def _engine() -> tuple[Engine, str]:
    """The engine, and the folder it keeps its data in."""
    began = clock.now()
    try:
        done = docker.run("info", "--format", "{{json .}}", timeout=PATIENCE)
    except HostError as failed:
        return Engine(error=failed.message, hangs=clock.now() - began >= PATIENCE), ""
    data: dict[str, Any] = json.loads(done.out) if done.out.lstrip().startswith("{") else {}
    if not data.get("ServerVersion"):
        # Newer commands print the reason, older ones put it into the document.
        said = "\n".join([done.err, *map(str, data.get("ServerErrors") or [])]).strip()
        return Engine(error=said or done.out.strip()[:200] or f"docker info ends with exit code {done.code}"), ""
    engine = Engine(
        version=str(data["ServerVersion"]),
        cgroup=str(data.get("CgroupVersion", "")),
        system=str(data.get("OperatingSystem", "")),
        cpus=int(data.get("NCPU", 0)),
        memory=int(data.get("MemTotal", 0)) / 2**30,
    )
    return engine, str(data.get("DockerRootDir", ""))


def _compose() -> tuple[str, str]:
    """The version of the Compose plugin, and why there is none to be had."""
    try:
        done = docker.run("compose", "version", "--short", timeout=PATIENCE, env=_away_from_the_engine())
    except HostError as failed:
        return "", failed.message
    version = done.out.strip()
    if done.code == 0 and version.lstrip("v")[:1].isdigit():
        return version, ""
    # A docker command without the plugin complains about words it does not know; that it is missing says it better.
    garbage = f"asked for its version it says {version.splitlines()[0][:200]!r}" if done.code == 0 and version else ""
    return "", garbage


def _has(image: str) -> bool:
    return bool(image) and docker.run("image", "inspect", image, timeout=PATIENCE).code == 0


def _os_release() -> Mapping[str, str]:
    lines = (files.read_if_there(Path("/etc/os-release")) or "").splitlines()
    return {k: v.strip('"') for k, _, v in (line.partition("=") for line in lines) if v}


def _memory() -> tuple[float, float]:
    """This machine's memory and swap in GiB."""
    import psutil

    return psutil.virtual_memory().total / 2**30, psutil.swap_memory().total / 2**30


def _disk_of_engine(root_dir: str) -> Path:
    """The folder whose disk the engine fills: its own where it lies here and may be looked at, else the user's."""
    data = Path(root_dir or "/var/lib/docker")
    try:
        return data if files.is_folder(data) else Path.home()
    except HostError:
        return Path.home()


def _read_ahead(folder: Path) -> tuple[int, str]:
    """How many KiB the kernel reads ahead on the disk of a folder, and where that is set; (0, "") where nobody says."""
    block = _block(folder)
    for disk in (block, block.parent) if block else ():  # a partition has its disk's
        try:
            size = int(files.read(disk / "queue" / "read_ahead_kb"))
        except (DmError, ValueError):
            continue
        return size, f"/sys/block/{disk.name}/queue/read_ahead_kb"
    return 0, ""


def _block(folder: Path) -> Path | None:
    """What the kernel says of the disk of a folder; None where it is no disk of its own (overlay, btrfs, zfs)."""
    number = files.disk(folder)[1]
    block = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve()
    return block if files.is_folder(block) else None


def _is_encrypted(block: Path) -> bool:
    """Whether a disk, or each that it is made of, is one that dm-crypt shows."""
    if (files.read_if_there(block / "dm" / "uuid") or "").startswith("CRYPT-"):
        return True
    below = files.found(block / "slaves", "*")
    return bool(below) and all(_is_encrypted(disk.resolve()) for disk in below)


def _open_files() -> int:
    """The hard limit of open files where the engine runs beside us; 0 where it is not limited or not ours to see."""
    if platform.system() != "Linux":
        return 0
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 0 if hard == resource.RLIM_INFINITY else hard
