"""What doctor knows of a machine, and what it says about one thing of it."""

from __future__ import annotations

from dataclasses import dataclass

OUR_SOCKETS = ("unix:///var/run/docker.sock", "unix:///run/docker.sock")
"""Where the engine of this machine listens; the docker command goes there when nobody tells it otherwise."""


@dataclass(frozen=True, slots=True)
class Client:
    """The docker command. `path` is "" without one, `trouble` says why it does not run, `podman`: it is podman under that name."""

    path: str = ""
    trouble: str = ""
    podman: bool = False

    @property
    def works(self) -> bool:
        """Whether it can be asked anything."""
        return bool(self.path) and not self.trouble and not self.podman


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the docker command looks for its engine, and what sends it there: DOCKER_HOST, a context, or nothing ("")."""

    address: str = OUR_SOCKETS[0]
    by: str = ""

    @property
    def ours(self) -> bool:
        """Whether an engine that dm starts on this machine would be the one that is asked."""
        return self.address in OUR_SOCKETS

    @property
    def remote(self) -> bool:
        """Whether the engine is on another machine, as far as the address tells."""
        scheme, _, rest = self.address.partition("://")
        host = rest.split("@")[-1].split("/")[0].rpartition(":")[0] or rest.split("@")[-1]
        near = host in ("localhost", "[::1]") or host.startswith("127.")
        return scheme in ("tcp", "ssh", "http", "https") and not near


@dataclass(frozen=True, slots=True)
class Engine:
    """What the engine said. `version` is "" when it did not answer; `error` is then what came instead, or `hangs` is true.

    `system` is what it says it runs on ("Docker Desktop"), memory in GiB.
    """

    version: str = ""
    error: str = ""
    hangs: bool = False
    cgroup: str = ""
    system: str = ""
    cpus: int = 0
    memory: float = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """One look at the machine. Sizes in GiB, read-ahead of the engine's disk in KiB; "" or 0 is what is not there, None not known.

    `dockerd` is the path of the engine's program, `dockerd_pid` the number of one that runs here. `own_compose` is a plugin in
    the user's own folder, which wins over every installed one. `old_images` has the age in days of the base that they stand on, by
    reference. `unseen` names what could not be looked at, with the reason.
    """

    system: str
    distribution: str
    release: str
    root: bool
    python: str
    client: Client = Client()
    endpoint: Endpoint = Endpoint()
    engine: Engine = Engine()
    dockerd: str = ""
    dockerd_pid: int = 0
    systemd: bool = False
    compose: str = ""
    compose_trouble: str = ""
    own_compose: str = ""
    cpus: int = 0
    ram: float = 0
    swap: float | None = None
    disk: float | None = None
    open_files: int = 0
    read_ahead: int = 0
    read_ahead_file: str = ""
    encrypted: bool | None = None
    debootstrap: bool = False
    base: bool = False
    kompose: bool = False
    old_images: tuple[tuple[str, int], ...] = ()
    unseen: tuple[tuple[str, str], ...] = ()

    @property
    def automatic(self) -> bool:
        """Whether `--fix` may install packages here."""
        return self.system == "Linux" and self.root and self.distribution in ("debian", "ubuntu")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `verdict` is ok, warn or missing; `step` is what `--fix` does about it, "" if it can't."""

    name: str
    verdict: str
    seen: str
    fix: str = ""
    step: str = ""
