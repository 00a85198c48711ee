"""What a machine has, what DataMeesh needs, and the one fix for each difference."""

from __future__ import annotations

from dataclasses import dataclass

WANT_DISK_GB, WANT_RAM_GB, WANT_CPUS, WANT_SWAP_GB = 60, 8, 4, 2
"""The sizing advice of the final architecture document (S-INFRA-03). Less is a warning, not a refusal."""

NEED_DISK_GB = 12
"""Below this a first build fails: images, toolchain and build cache took 9 GB (`docker system df` after `dm images build`)."""

MAX_READ_AHEAD_KB = 2048
"""Above it a container at its limit reads megabytes to get one page of its program, which throws out the others: `dm verify` in
1536 MiB took 78 s with 8192 KiB, 21 s with 128 and 22 s with 1024, each after dropping the page cache and one run before."""

MIN_COMPOSE = (2, 20)
"""The first Compose with `include:`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One look at the machine. Sizes in GiB, read-ahead of the engine's disk in KiB; "" or 0 is what is not there or not known."""

    system: str
    distribution: str
    release: str
    root: bool
    python: str
    docker: str = ""
    engine: str = ""
    engine_error: str = ""
    cgroup: str = ""
    compose: str = ""
    cpus: int = 0
    ram: float = 0
    swap: float = 0
    disk: float = 0
    open_files: int = 0
    read_ahead: int = 0
    read_ahead_file: str = ""
    debootstrap: bool = False
    base: bool = False
    kompose: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `verdict` is ok, warn or missing; `step` is what `--fix` does about it, "" if it can't."""

    name: str
    verdict: str
    seen: str
    fix: str = ""
    step: str = ""


def diagnose(facts: Facts) -> tuple[Finding, ...]:
    """Given the facts, return a finding for each thing that matters, in the order in which they have to be fixed."""
    return (
        Finding("python", "ok", facts.python),
        _docker(facts),
        _engine(facts),
        _compose(facts),
        _debootstrap(facts),
        _kompose(facts),
        _size("processors", facts.cpus, WANT_CPUS, "; fewer only make it slower"),
        _size("memory", facts.ram, WANT_RAM_GB, " GiB; less works with a smaller --ram"),
        _size("swap", facts.swap, WANT_SWAP_GB, " GiB; without it a full machine has no second chance"),
        _disk(facts),
        _open_files(facts),
        _read_ahead(facts),
    )


def _automatic(facts: Facts) -> bool:
    return facts.system == "Linux" and facts.root and facts.distribution in ("debian", "ubuntu")


def _docker(facts: Facts) -> Finding:
    if facts.docker:
        return Finding("docker command", "ok", facts.docker)
    if _automatic(facts):
        return Finding("docker command", "missing", "not found", "apt-get install docker.io iptables", "engine")
    if facts.system == "Darwin":
        return Finding(
            "docker command", "missing", "not found", "install Docker Desktop, Colima or OrbStack and start it"
        )
    return Finding(
        "docker command",
        "missing",
        "not found",
        "install Docker Engine 20.10 or newer (as root: ./dm doctor --fix on Debian or Ubuntu)",
    )


def _engine(facts: Facts) -> Finding:
    if facts.engine:
        return Finding("engine", "ok", f"{facts.engine}, cgroup v{facts.cgroup or '?'}")
    if not facts.docker:
        return Finding(
            "engine", "missing", "no docker command", "see the finding above", "start" if _automatic(facts) else ""
        )
    if "permission denied" in facts.engine_error.lower():
        return Finding(
            "engine", "missing", "this user may not talk to it", "usermod -aG docker $USER, then log in again"
        )
    if _automatic(facts):
        return Finding(
            "engine",
            "missing",
            "does not answer",
            "start it: systemctl start docker, or dockerd without systemd",
            "start",
        )
    fix = "start Docker Desktop" if facts.system == "Darwin" else "start it as root: systemctl start docker"
    return Finding("engine", "missing", "does not answer", fix)


def _compose(facts: Facts) -> Finding:
    version = _numbers(facts.compose)
    if version >= MIN_COMPOSE:
        return Finding("Compose plugin", "ok", facts.compose)
    seen = f"{facts.compose} is too old" if version else "not found"
    if _automatic(facts):
        what = (
            "apt-get install docker-compose-v2"
            if facts.distribution == "ubuntu"
            else "Debian 13's docker-compose 2.26.1-4, unpacked"
        )
        return Finding("Compose plugin", "missing", seen, what, "compose")
    return Finding(
        "Compose plugin",
        "missing",
        seen,
        "install the docker-compose-plugin package (v2.20 or newer), or update Docker Desktop",
    )


def _debootstrap(facts: Facts) -> Finding:
    if facts.base:
        return Finding("base image", "ok", "in the engine")
    if facts.debootstrap:
        return Finding("base image", "ok", "can be made by debootstrap, or pulled where a registry answers")
    if _automatic(facts):
        return Finding(
            "base image", "missing", "debootstrap is not installed", "apt-get install debootstrap", "debootstrap"
        )
    return Finding(
        "base image",
        "warn",
        "no debootstrap",
        "it must be pulled; without a registry: dm images load FILE, or root on Debian",
    )


def _kompose(facts: Facts) -> Finding:
    if facts.kompose:
        return Finding("kompose", "ok", "in the engine")
    return Finding("kompose", "ok", "not built yet", "the first dm k8s-export builds it")


def _size(name: str, has: float, want: float, advice: str) -> Finding:
    unit, _, without = advice.partition(";")
    seen = f"{has:.0f}{unit}"
    # 5 %: a machine of 8 GB reports 7.7.
    if has >= want * 0.95:
        return Finding(name, "ok", seen)
    return Finding(name, "warn", seen, f"{want}{unit} advised;{without}")


def _disk(facts: Facts) -> Finding:
    seen = f"{facts.disk:.0f} GiB free"
    if facts.disk < NEED_DISK_GB:
        return Finding("disk", "missing", seen, f"free {NEED_DISK_GB} GiB: a first build takes 9")
    if facts.disk < WANT_DISK_GB:
        return Finding("disk", "warn", seen, f"{WANT_DISK_GB} GiB are advised for long use")
    return Finding("disk", "ok", seen)


def _open_files(facts: Facts) -> Finding:
    if facts.open_files and facts.open_files < 16384:
        return Finding(
            "open files", "missing", str(facts.open_files), "raise the engine's hard limit to 16384 (ulimit -Hn)"
        )
    return Finding("open files", "ok", str(facts.open_files) if facts.open_files else "not limited")


def _read_ahead(facts: Facts) -> Finding:
    seen = f"{facts.read_ahead} KiB" if facts.read_ahead else "not known"
    if facts.read_ahead <= MAX_READ_AHEAD_KB:
        return Finding("read-ahead", "ok", seen)
    fix = (
        f"echo 1024 > {facts.read_ahead_file} (until the next boot); without, small budgets can be several times slower"
    )
    return Finding("read-ahead", "warn", seen, fix)


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.lstrip("v").split("-")[0].split(".")[:2]
    return tuple(int(p) for p in parts) if all(p.isdigit() for p in parts) else ()
