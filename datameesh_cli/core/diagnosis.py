"""What a machine has, what DataMeesh needs, and the one fix for each difference."""

from __future__ import annotations

from datameesh_cli.core.container_engine import client_finding, compose_finding, engine_finding
from datameesh_cli.core.images import MAX_BASE_DAYS
from datameesh_cli.core.machine import Facts, Finding

WANT_DISK_GB, WANT_RAM_GB, WANT_CPUS, WANT_SWAP_GB = 60, 8, 4, 2
"""The sizing advice of the final architecture document (S-INFRA-03). Less is a warning, not a refusal."""

NEED_DISK_GB = 12
"""Below this a first build fails: images, toolchain and build cache took 9 GB (`docker system df` after `dm images build`)."""

MAX_READ_AHEAD_KB = 2048
"""Above it a container at its limit reads megabytes to get one page of its program, which throws out the others: `dm verify` in
1536 MiB took 78 s with 8192 KiB, 21 s with 128 and 22 s with 1024, each after dropping the page cache and one run before."""


def diagnose(facts: Facts) -> tuple[Finding, ...]:
    """Given the facts, return a finding for each thing that matters, in the order in which they have to be fixed."""
    found = (
        Finding("python", "ok", facts.python),
        client_finding(facts),
        engine_finding(facts),
        compose_finding(facts),
        _debootstrap(facts),
        _kompose(facts),
        _images(facts),
        _size("processors", facts.engine.cpus or facts.cpus, WANT_CPUS, "; fewer only make it slower"),
        _size("memory", facts.engine.memory or facts.ram, WANT_RAM_GB, " GiB; less works with a smaller --ram"),
        _size("swap", facts.swap, WANT_SWAP_GB, " GiB; without it a full machine has no second chance"),
        _disk(facts),
        _open_files(facts),
        _read_ahead(facts),
        _encryption(facts),
    )
    unseen = dict(facts.unseen)
    others = (name for name in unseen if name not in {f.name for f in found})
    return (
        *(_unseen(f.name, f.verdict, unseen[f.name]) if f.name in unseen else f for f in found),
        *(_unseen(name, "warn", unseen[name]) for name in others),
    )


def _unseen(name: str, verdict: str, why: str) -> Finding:
    """A look that failed: what it would have shown is not known, so nothing is done about it."""
    return Finding(
        name, "missing" if verdict == "missing" else "warn", f"could not be looked at: {why}", "see the reason"
    )


def _debootstrap(facts: Facts) -> Finding:
    if facts.base:
        return Finding("base image", "ok", "in the engine")
    if facts.debootstrap:
        return Finding("base image", "ok", "can be made by debootstrap, or pulled where a registry answers")
    if facts.automatic:
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
    seen = "in the engine" if facts.kompose else "not built yet: dm k8s-export builds it when it first needs it"
    return Finding("kompose", "ok", seen)


def _images(facts: Facts) -> Finding:
    if not facts.old_images:
        return Finding("images", "ok", f"none stands on a base of {MAX_BASE_DAYS} days or more")
    named = ", ".join(f"{reference} ({days} days)" for reference, days in facts.old_images)
    return Finding("images", "warn", f"without Debian's security updates since: {named}", "dm images build --fresh")


def _size(name: str, has: float | None, want: float, advice: str) -> Finding:
    unit, _, without = advice.partition(";")
    if has is None:
        return Finding(name, "ok", "not known")
    seen = f"{has:.0f}{unit}"
    # 5 %: a machine of 8 GB reports 7.7.
    if has >= want * 0.95:
        return Finding(name, "ok", seen)
    return Finding(name, "warn", seen, f"{want}{unit} advised;{without}")


def _disk(facts: Facts) -> Finding:
    if facts.disk is None:
        return Finding("disk", "ok", "not known: the engine's disk is not of this machine")
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


def _encryption(facts: Facts) -> Finding:
    if facts.encrypted is None:
        return Finding("encryption", "ok", "cannot tell: nobody here says of which disk the engine's data folder is")
    if facts.encrypted:
        return Finding("encryption", "ok", "the engine's volumes lie on an encrypted disk")
    fix = "where a lost disk would tell of people, put the engine's data folder on an encrypted one (LUKS)"
    return Finding("encryption", "warn", "the engine's volumes lie on a disk that is not encrypted", fix)
