"""What the host looks like from outside of the node: taken before `up` and after `down`, it has to be the same."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.cluster.node.layout import PLACES, Place
from tests.cluster.node.machine import SETTINGS, link_exists

# The engine may start and end containers meanwhile: its rules name its bridges, its chains, or one address as both ends.
_ENGINE = re.compile(r"docker|\bbr-[0-9a-f]{12}|-s (\S+) -d \1 |\bveth[0-9a-f]{7}\b", re.IGNORECASE)


def _rules(program: str) -> set[str]:
    out = subprocess.run([program], text=True, capture_output=True).stdout
    lines = {re.sub(r"\[\d+:\d+\]", "", line).strip() for line in out.splitlines() if not line.startswith("#")}
    return {f"{program}: {line}" for line in lines}


def _links() -> set[str]:
    out = subprocess.run(["ip", "-o", "address"], text=True, capture_output=True).stdout
    return {"address: " + " ".join(line.split()[1:4]) for line in out.splitlines()}


def _mounts() -> set[str]:
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return {f"mount: {line.split()[4]}" for line in lines}


def _roots() -> list[Path]:
    top = Path("/sys/fs/cgroup")
    return [top, *(path for path in top.iterdir() if path.is_dir())]


def _cgroups() -> set[str]:
    return {f"control group: {path}" for root in _roots() for path in root.iterdir() if path.is_dir()}


def footprint() -> set[str]:
    """Firewall rules, addresses, mounts, top control groups and kernel settings, one line each."""
    settings = {f"setting: {name}={(Path('/proc/sys') / name).read_text().strip()}" for name in SETTINGS}
    found = _rules("iptables-save") | _rules("ip6tables-save") | _links() | _mounts() | _cgroups() | settings
    return {line for line in found if not _ENGINE.search(line)}


def left_over(before: set[str], after: set[str], own: Place) -> list[str]:
    """What is not as before, apart from what clusters at other places of the machine may do meanwhile."""
    others = [Place(number) for number in range(PLACES) if number != own.number]
    theirs = {f"control group: {root}/{place.cgroup}" for place in others for root in _roots()}
    words = {place.link for place in others}
    shared = "setting: " if any(link_exists(place) for place in others) else "\0"
    return sorted(
        line
        for line in before ^ after
        if line not in theirs and not words & set(line.split()) and not line.startswith(shared)
    )
