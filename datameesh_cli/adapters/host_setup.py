"""Installing what this machine lacks: Debian's and Ubuntu's own packages, and Compose of Debian 13 unpacked."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from datameesh_cli.adapters import docker, files, process
from datameesh_cli.adapters.answers import short
from datameesh_cli.adapters.host_mirrors import host_mirrors
from datameesh_cli.errors import HostError

COMPOSE_PIN = "docker-compose=2.26.1-4"
"""Debian 13's plugin. Newer engines and older ones (20.10) both work with it; sid's moves, so it can't be pinned."""

COMPOSE_SHA256 = {
    "amd64": "47681197cb2b1ab88206b42a1a92fc75f50d9530a6322d03494a473eed0408ea",
    "arm64": "bbafaa666f3e7fa00ad36f2a8bab889f1c791ca8743d674e7267a3d07203869c",
}
"""Of the package, by Debian's name of the processor. Elsewhere apt's signature alone vouches for it."""

PLUGINS = Path("/usr/local/lib/docker/cli-plugins")
_APT = [
    *("apt-get", "-y", "-q", "--no-install-recommends"),
    "--no-remove",  # another engine's packages are not taken away for Debian's
    *("-o", "DPkg::Lock::Timeout=120"),  # a machine that was just switched on updates itself first
    "install",
]


def install_packages(*names: str, where_known: tuple[str, ...] = ()) -> None:
    """Given package names, install them with apt-get, and of `where_known` those that this distribution has.

    Raise HostError with apt's last line if that fails.
    """
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    process.run(["apt-get", "-q", "update"], timeout=600, env=env)
    known = [n for n in where_known if process.run(["apt-cache", "show", n], timeout=60, env=env).out.strip()]
    checked([*_APT, *names, *known], env)


def install_engine(distribution: str) -> None:
    """Given the distribution, install an engine, what it needs, and the docker command where there is none. Raise HostError."""
    keyring = ("debian-archive-keyring",) if distribution == "ubuntu" else ()
    # Since Debian 13 the command is a package of its own, which the engine's only recommends.
    command = () if docker.program() else ("docker-cli",)
    install_packages("docker.io", "iptables", "debootstrap", *keyring, where_known=command)


def install_compose(distribution: str) -> None:
    """Given the distribution, put the Compose plugin where the docker command finds it. Raise HostError if it can't be had."""
    if distribution == "ubuntu":
        install_packages("docker-compose-v2")
        return
    mirror = host_mirrors().apt
    if not mirror:
        raise HostError("apt names no Debian archive", "install the docker-compose-plugin package by hand")
    with files.temporary_folder() as folder:
        plugin = files.read_bytes(_unpack_compose(folder, mirror))
        files.make_folder(PLUGINS)
        files.write(PLUGINS / "docker-compose", plugin, mode=0o755)


def _unpack_compose(folder: Path, mirror: str) -> Path:
    """Fetch and unpack the plugin's package with lists and cache of our own, so that the machine's apt state stays as it is."""
    for part in ("lists/partial", "cache/archives/partial"):
        files.make_folder(folder / part)
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    files.write(folder / "sources.list", f"deb [signed-by={keyring}] {mirror} trixie main\n")
    options = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-q", *(word for k, v in options.items() for word in ("-o", f"{k}={v}"))]
    env = dict(os.environ)
    checked([*apt, "update"], env)
    checked([*apt, "download", COMPOSE_PIN], env, cwd=folder)
    package = next(iter(files.found(folder, "docker-compose_*.deb")), None)
    if package is None:
        raise HostError("apt-get downloaded no package of Compose", "install Compose v2.20 or newer by hand")
    pinned = COMPOSE_SHA256.get(package.stem.rsplit("_", 1)[-1])
    if pinned and hashlib.sha256(files.read_bytes(package)).hexdigest() != pinned:
        raise HostError(f"{package.name} is not the package that is pinned", "install Compose v2.20 or newer by hand")
    checked(["dpkg", "-x", str(package), str(folder / "tree")], env)
    return folder / "tree/usr/libexec/docker/cli-plugins/docker-compose"


def checked(command: list[str], env: dict[str, str], cwd: Path | None = None) -> None:
    """Given a command, run it to its end. Raise HostError, with the line that says why, if it fails."""
    done = process.run(command, timeout=1200, env=env, cwd=cwd)
    if done.code:
        lines = [line for line in (done.err + done.out).splitlines() if line.strip()] or ["no message"]
        errors = [line for line in lines if line.startswith("E:")]
        raise HostError(
            f"'{command[0]} {command[-1]}' failed: {short((errors or lines)[-1])}",
            "do it by hand, then run the command again",
        )
