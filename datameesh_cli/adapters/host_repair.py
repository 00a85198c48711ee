"""The steps of `dm doctor --fix`."""

from __future__ import annotations

from pathlib import Path

from datameesh_cli.adapters import dockerd, host_setup


def repair(step: str, distribution: str, log: Path) -> None:
    """Given a finding's step, the distribution and the engine's log, do it. Raise HostError if it fails."""
    if step == "engine":
        host_setup.install_engine(distribution)
    elif step == "start":
        dockerd.start(log)
    elif step == "wait":
        dockerd.wait(log)
    elif step == "compose":
        host_setup.install_compose(distribution)
    elif step == "debootstrap":
        host_setup.install_packages("debootstrap")
