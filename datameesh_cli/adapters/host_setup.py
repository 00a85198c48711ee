"""What this machine has, and installing what it lacks: Debian's and Ubuntu's own packages, and Compose of Debian 13 unpacked."""

from __future__ import annotations

import hashlib
import os
import platform
import resource
import shutil
import tempfile
from pathlib import Path

from datameesh_cli.adapters import clock, process
from datameesh_cli.adapters.host_mirrors import host_mirrors
from datameesh_cli.core.diagnosis import Facts
from datameesh_cli.errors import HostError

COMPOSE_PIN = "docker-compose=2.26.1-4"
"""Debian 13's plugin. Newer engines and older ones (20.10) both work with it; sid's moves, so it can't be pinned."""

COMPOSE_SHA256 = {
    "amd64": "47681197cb2b1ab88206b42a1a92fc75f50d9530a6322d03494a473eed0408ea",
    "arm64": "bbafaa666f3e7fa00ad36f2a8bab889f1c791ca8743d674e7267a3d07203869c",
}
"""Of the package, by Debian's name of the processor. Elsewhere apt's signature alone vouches for it."""

PLUGINS = Path("/usr/local/lib/docker/cli-plugins")
_APT = ["apt-get", "-y", "-q", "--no-install-recommends", "install"]


def look(base_image: str, kompose_image: str) -> Facts:
    """Given two image references, return what this machine has. Raises nothing: what can't be read is reported as missing."""
    release = _os_release()
    docker = process.find("docker") or ""
    info = (
        process.run(["docker", "info", "--format", "{{.ServerVersion}}|{{.CgroupVersion}}"], timeout=30)
        if docker
        else None
    )
    engine, _, cgroup = info.out.strip().partition("|") if info and info.code == 0 else ("", "", "")
    compose = process.run(["docker", "compose", "version", "--short"], timeout=30) if docker else None
    read_ahead, read_ahead_file = _read_ahead()
    return Facts(
        system=platform.system(),
        distribution=release.get("ID", ""),
        release=release.get("VERSION_CODENAME", ""),
        root=os.geteuid() == 0,
        python=platform.python_version(),
        docker=docker,
        engine=engine,
        engine_error=info.err if info else "",
        cgroup=cgroup,
        compose=compose.out.strip() if compose and compose.code == 0 else "",
        cpus=os.cpu_count() or 0,
        ram=_memory("MemTotal"),
        swap=_memory("SwapTotal"),
        disk=shutil.disk_usage(_disk_of_engine()).free / 2**30,
        open_files=_open_files(),
        read_ahead=read_ahead,
        read_ahead_file=read_ahead_file,
        debootstrap=process.find("debootstrap") is not None,
        base=bool(engine) and _has(base_image),
        kompose=bool(engine) and _has(kompose_image),
    )


def install_packages(*names: str) -> None:
    """Given package names, install them with apt-get. Raise HostError with apt's last line if that fails."""
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    process.run(["apt-get", "-q", "update"], timeout=600, env=env)
    _checked([*_APT, *names], env)


def install_compose(distribution: str) -> None:
    """Given the distribution, put the Compose plugin where the docker command finds it. Raise HostError if it can't be had."""
    if distribution == "ubuntu":
        install_packages("docker-compose-v2")
        return
    mirror = host_mirrors().apt
    if not mirror:
        raise HostError("apt names no Debian archive", "install the docker-compose-plugin package by hand")
    with tempfile.TemporaryDirectory() as folder:
        plugin = _unpack_compose(Path(folder), mirror)
        PLUGINS.mkdir(parents=True, exist_ok=True)
        part = PLUGINS / "docker-compose.part"
        shutil.copyfile(plugin, part)
        part.chmod(0o755)
        part.replace(PLUGINS / "docker-compose")


def start_engine(log: Path) -> None:
    """Start the engine: through systemd where it runs, else in the background with its output in `log`. Wait until it answers."""
    if Path("/run/systemd/system").exists():
        _checked(["systemctl", "start", "docker"], dict(os.environ))
    else:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A pid file of an engine that was killed keeps a new one from starting when its number was given to another program.
        Path("/var/run/docker.pid").unlink(missing_ok=True)
        process.spawn(["dockerd"], log)
    deadline = clock.now() + 60
    while clock.now() < deadline:
        if process.run(["docker", "info", "--format", "{{.ServerVersion}}"], timeout=30).code == 0:
            return
        clock.sleep(0.5)
    raise HostError("the engine was started but does not answer after 60 s", f"see its log: {log}")


def _unpack_compose(folder: Path, mirror: str) -> Path:
    """Fetch and unpack the plugin's package with lists and cache of our own, so that the machine's apt state stays as it is."""
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (folder / "sources.list").write_text(f"deb [signed-by={keyring}] {mirror} trixie main\n", encoding="utf-8")
    options = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-q", *(word for k, v in options.items() for word in ("-o", f"{k}={v}"))]
    env = dict(os.environ)
    _checked([*apt, "update"], env)
    _checked([*apt, "download", COMPOSE_PIN], env, cwd=folder)
    package = next(folder.glob("docker-compose_*.deb"))
    pinned = COMPOSE_SHA256.get(package.stem.rsplit("_", 1)[-1])
    if pinned and hashlib.sha256(package.read_bytes()).hexdigest() != pinned:
        raise HostError(f"{package.name} is not the package that is pinned", "install Compose v2.20 or newer by hand")
    _checked(["dpkg", "-x", str(package), str(folder / "tree")], env)
    return folder / "tree/usr/libexec/docker/cli-plugins/docker-compose"


def _checked(command: list[str], env: dict[str, str], cwd: Path | None = None) -> None:
    done = process.run(command, timeout=1200, env=env, cwd=cwd)
    if done.code:
        lines = [line for line in (done.err + done.out).splitlines() if line.strip()] or ["no message"]
        errors = [line for line in lines if line.startswith("E:")]
        raise HostError(
            f"'{command[0]} {command[-1]}' failed: {(errors or lines)[-1]}", "do it by hand, then run the command again"
        )


def _has(image: str) -> bool:
    return process.run(["docker", "image", "inspect", image], timeout=30).code == 0


def _os_release() -> dict[str, str]:
    path = Path("/etc/os-release")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {k: v.strip('"') for k, _, v in (line.partition("=") for line in lines) if v}


def _memory(field: str) -> float:
    path = Path("/proc/meminfo")
    if path.exists():
        found = [line.split()[1] for line in path.read_text().splitlines() if line.startswith(field + ":")]
        return int(found[0]) / 2**20 if found else 0
    if field == "MemTotal":
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return 0


def _disk_of_engine() -> Path:
    data = Path("/var/lib/docker")
    return data if data.exists() and os.access(data, os.X_OK) else Path.home()


def _read_ahead() -> tuple[int, str]:
    """How many KiB the kernel reads ahead on the disk of the engine, and where that is set; (0, "") where nobody says."""
    number = _disk_of_engine().stat().st_dev
    block = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve()
    for disk in (block, block.parent):  # a partition has its disk's
        try:
            size = int((disk / "queue" / "read_ahead_kb").read_text())
        except (OSError, ValueError):
            continue
        return size, f"/sys/block/{disk.name}/queue/read_ahead_kb"
    return 0, ""


def _open_files() -> int:
    """The hard limit of open files where the engine runs beside us; 0 where it is not limited or not ours to see."""
    if platform.system() != "Linux":
        return 0
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 0 if hard == resource.RLIM_INFINITY else hard
