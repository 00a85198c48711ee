"""What `dm doctor` finds, and the one fix it names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datameesh_cli.core.diagnosis import Facts, Finding, diagnose

WELL = Facts(
    system="Linux", distribution="debian", release="bookworm", root=True, python="3.11.7", docker="/usr/bin/docker",
    engine="20.10.24", cgroup="2", compose="2.26.1-4", cpus=4, ram=7.7, swap=2, disk=80, open_files=20000, debootstrap=True,
    base=False, kompose=True,
)  # fmt: skip


def finding(facts: Facts, name: str) -> Finding:
    return next(f for f in diagnose(facts) if f.name == name)


def test_a_machine_that_has_everything_is_well() -> None:
    assert {f.verdict for f in diagnose(WELL)} == {"ok"}


def test_every_finding_that_is_not_well_has_one_fix() -> None:
    nothing = Facts(system="Linux", distribution="debian", release="bookworm", root=True, python="3.11.7")
    bad = [f for f in diagnose(nothing) if f.verdict != "ok"]
    assert [f.name for f in bad] == [
        "docker command",
        "engine",
        "Compose plugin",
        "base image",
        "kompose",
        "processors",
        "memory",
        "swap",
        "disk",
    ]
    assert all(f.fix for f in bad)


@pytest.mark.parametrize(
    ("change", "name", "verdict", "step"),
    [
        ({"docker": "", "engine": ""}, "docker command", "missing", "engine"),
        ({"engine": ""}, "engine", "missing", "start"),
        ({"engine": "", "engine_error": "permission denied while trying to connect"}, "engine", "missing", ""),
        ({"compose": ""}, "Compose plugin", "missing", "compose"),
        ({"compose": "2.19.1"}, "Compose plugin", "missing", "compose"),
        ({"compose": "v2.20.0"}, "Compose plugin", "ok", ""),
        ({"compose": "5.5.1"}, "Compose plugin", "ok", ""),
        ({"debootstrap": False}, "base image", "missing", "debootstrap"),
        ({"debootstrap": False, "base": True}, "base image", "ok", ""),
        ({"root": False, "debootstrap": False}, "base image", "warn", ""),
        ({"kompose": False}, "kompose", "warn", "kompose"),
        ({"ram": 6}, "memory", "warn", ""),
        ({"cpus": 2}, "processors", "warn", ""),
        ({"swap": 0}, "swap", "warn", ""),
        ({"disk": 30}, "disk", "warn", ""),
        ({"disk": 5}, "disk", "missing", ""),
        ({"open_files": 1024}, "open files", "missing", ""),
        ({"open_files": 0}, "open files", "ok", ""),
        ({"read_ahead": 128}, "read-ahead", "ok", ""),
        ({"read_ahead": 8192, "read_ahead_file": "/sys/block/vda/queue/read_ahead_kb"}, "read-ahead", "warn", ""),
    ],
)
def test_one_difference_gives_one_finding(change: dict[str, object], name: str, verdict: str, step: str) -> None:
    facts = replace(WELL, **change)  # type: ignore[arg-type]
    found = finding(facts, name)
    assert (found.verdict, found.step) == (verdict, step)
    assert (found.fix == "") == (verdict == "ok")


def test_without_root_nothing_is_automatic() -> None:
    facts = replace(WELL, root=False, docker="", engine="", compose="", debootstrap=False)
    assert {f.step for f in diagnose(facts)} == {""}


def test_a_mac_is_sent_to_docker_desktop() -> None:
    facts = Facts(system="Darwin", distribution="", release="", root=False, python="3.12.1", cpus=8, ram=16, disk=100)
    assert "Docker Desktop" in finding(facts, "docker command").fix
