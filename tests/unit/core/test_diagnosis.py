"""What `dm doctor` finds on a machine, and the one fix it names. Every expectation was written by hand, machine by machine."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from datameesh_cli.core.diagnosis import diagnose
from datameesh_cli.core.machine import Client, Endpoint, Engine, Facts, Finding

OFF = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
NEWER_OFF = (
    "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is "
    "running: dial unix /var/run/docker.sock: connect: no such file or directory"
)
UP = Engine("20.10.24", cgroup="2", system="Debian GNU/Linux 12 (bookworm)", cpus=4, memory=7.7)
DEBIAN = Client("/usr/bin/docker")
STATIC = Client("/usr/local/bin/docker")

WELL = Facts(
    system="Linux", distribution="debian", release="bookworm", root=True, python="3.11.7", client=DEBIAN, engine=UP,
    dockerd="/usr/sbin/dockerd", dockerd_pid=812, systemd=True, compose="2.26.1-4", cpus=4, ram=7.7, swap=2, disk=80,
    open_files=20000, debootstrap=True,
)  # fmt: skip
NOTHING = replace(
    WELL, client=Client(), engine=Engine(), dockerd="", dockerd_pid=0, systemd=False, compose="", debootstrap=False
)
CLIENT_ONLY = replace(NOTHING, client=STATIC, engine=Engine(error=OFF))
INSTALLED_OFF = replace(WELL, engine=Engine(error=OFF), dockerd_pid=0, systemd=False)
TCP = Endpoint("tcp://build.example.org:2376", "DOCKER_HOST")
SSH = Endpoint("ssh://ana@build.example.org", "the docker context far")
MAC = Facts(
    system="Darwin", distribution="", release="", root=False, python="3.12.1", client=Client("/usr/local/bin/docker"),
    endpoint=Endpoint("unix:///private/ana/.docker/run/docker.sock", "the docker context desktop-linux"), cpus=10, ram=32, disk=100,
    compose="2.33.1-desktop.1",
)  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """A machine, what is missing on it or advised (sizes of no matter here are well), and what `--fix` does first, if anything."""

    facts: Facts
    missing: dict[str, str]
    """By finding: a part of its fix."""
    steps: tuple[str, ...] = ()
    seen: str = ""
    """A part of what is said about the first missing thing, or of the engine where nothing is missing."""
    advised: tuple[str, ...] = ()


MACHINES = {
    "everything": Machine(WELL, {}, seen="20.10.24, cgroup v2"),
    "nothing": Machine(
        NOTHING,
        {
            "docker command": "apt-get install docker.io",
            "engine": "apt-get install docker.io",
            "Compose plugin": "Debian 13's docker-compose 2.26.1-4",
            "base image": "apt-get install debootstrap",
        },
        ("engine", "engine", "compose", "debootstrap"),
        "not found",
    ),
    "nothing, Ubuntu": Machine(
        replace(NOTHING, distribution="ubuntu", release="noble", debootstrap=True),
        {
            "docker command": "apt-get install docker.io",
            "engine": "apt-get install docker.io",
            "Compose plugin": "apt-get install docker-compose-v2",
        },
        ("engine", "engine", "compose"),
    ),
    "nothing, no root": Machine(
        replace(NOTHING, root=False),
        {
            "docker command": "as root: ./dm doctor --fix",
            "engine": "install Docker Engine 20.10",
            "Compose plugin": "docker-compose-plugin",
        },
        advised=("base image",),
    ),
    "nothing, another Linux": Machine(
        replace(NOTHING, distribution="fedora", release=""),
        {
            "docker command": "install Docker Engine 20.10",
            "engine": "install Docker Engine 20.10",
            "Compose plugin": "docker-compose-plugin",
        },
        advised=("base image",),
    ),
    "client only": Machine(
        CLIENT_ONLY,
        {"engine": "apt-get install docker.io", "Compose plugin": "unpacked", "base image": "debootstrap"},
        ("engine", "compose", "debootstrap"),
        "not installed",
    ),
    "client only, newer words": Machine(
        replace(CLIENT_ONLY, engine=Engine(error=NEWER_OFF), compose="2.40.3", debootstrap=True),
        {"engine": "apt-get install docker.io"},
        ("engine",),
        "not installed",
    ),
    "client only, no root": Machine(
        replace(CLIENT_ONLY, root=False, compose="2.40.3", debootstrap=True),
        {"engine": "install Docker Engine 20.10"},
        seen="none is installed",
    ),
    "a snap that is off": Machine(
        replace(CLIENT_ONLY, client=Client("/snap/bin/docker"), distribution="ubuntu", compose="2.40.3", debootstrap=True),
        {"engine": "snap start docker"},
    ),
    "engine without a client": Machine(
        replace(WELL, client=Client(), engine=Engine(), compose=""),
        {"docker command": "apt-get install docker.io", "engine": "see the finding above", "Compose plugin": "unpacked"},
        ("engine", "compose"),
    ),
    "engine off": Machine(INSTALLED_OFF, {"engine": "start it: dockerd"}, ("start",), "it does not run"),
    "engine off, systemd": Machine(
        replace(INSTALLED_OFF, systemd=True), {"engine": "systemctl start docker"}, ("start",), "it does not run"
    ),
    "engine off, no root": Machine(
        replace(INSTALLED_OFF, root=False, systemd=True), {"engine": "as root: systemctl start docker"}
    ),
    "engine just starting": Machine(
        replace(WELL, engine=Engine(error=OFF), systemd=False),
        {"engine": "wait a minute"},
        ("wait",),
        "dockerd runs (pid 812) but does not answer yet",
    ),
    "engine hangs": Machine(
        replace(WELL, engine=Engine(hangs=True), systemd=False),
        {"engine": "kill 812 (kill -9 after 30 s), then: ./dm doctor --fix"},
        (),
        "hangs: no answer within 30 s",
    ),
    "engine hangs, systemd": Machine(
        replace(WELL, engine=Engine(hangs=True)), {"engine": "systemctl restart docker"}, (), "hangs"
    ),
    "engine hangs, its program is elsewhere": Machine(
        replace(WELL, engine=Engine(hangs=True), systemd=False, dockerd="", dockerd_pid=0),
        {"engine": "end the program that listens on /var/run/docker.sock"},
    ),
    "engine says something else": Machine(
        replace(INSTALLED_OFF, engine=Engine(error="Error response from daemon: client version 1.50 is too new")),
        {"engine": "/var/run/docker.sock"},
        (),
        "client version 1.50 is too new",
    ),
    "not in the group docker": Machine(
        replace(WELL, root=False, engine=Engine(error="permission denied while trying to connect")),
        {"engine": "usermod -aG docker $USER"},
        (),
        "this user may not talk to it",
    ),
    "old Compose": Machine(
        replace(WELL, compose="2.19.1"), {"Compose plugin": "unpacked"}, ("compose",), "2.19.1 is too old"
    ),
    "old Compose of the user's own": Machine(
        replace(WELL, compose="v2.17.3", own_compose="/srv/ana/.docker/cli-plugins/docker-compose"),
        {"Compose plugin": "rm /srv/ana/.docker/cli-plugins/docker-compose"},
        (),
        "v2.17.3 is too old",
    ),
    "Compose hangs": Machine(
        replace(WELL, compose="", compose_trouble="'docker compose version' did not end within 30 s"),
        {"Compose plugin": "see why: docker compose version"},
        (),
        "did not end within 30 s",
    ),
    "remote by DOCKER_HOST, well": Machine(
        replace(NOTHING, client=STATIC, endpoint=TCP, engine=UP, compose="2.40.3", debootstrap=True, swap=None, disk=None),
        {},
        seen="DOCKER_HOST sends docker to tcp://build.example.org:2376",
        advised=("engine",),
    ),
    "remote by DOCKER_HOST, off": Machine(
        replace(NOTHING, client=STATIC, endpoint=TCP, engine=Engine(error=OFF), compose="2.40.3", debootstrap=True),
        {"engine": "unset DOCKER_HOST"},
        (),
        "Is the docker daemon running?); DOCKER_HOST sends docker to tcp://build.example.org:2376",
    ),
    "remote by a context, without a key": Machine(
        replace(INSTALLED_OFF, endpoint=SSH, engine=Engine(error="ana@build.example.org: Permission denied (publickey).")),
        {"engine": "start it there, or: docker context use default"},
        (),
        "does not answer (ana@build.example.org: Permission denied (publickey).); the docker context far",
    ),
    "remote by DOCKER_HOST, off, an engine installed here": Machine(
        replace(INSTALLED_OFF, endpoint=TCP), {"engine": "start it there, or: unset DOCKER_HOST"}, ()
    ),
    "remote by DOCKER_HOST, hangs": Machine(
        replace(WELL, endpoint=TCP, engine=Engine(hangs=True)), {"engine": "restart it on its machine"}, ()
    ),
    "remote by DOCKER_HOST, no client": Machine(
        replace(NOTHING, endpoint=TCP, compose="2.40.3", debootstrap=True),
        {"docker command": "install the docker command alone", "engine": "see the finding above"},
        (),
    ),
    "remote by a context, well": Machine(
        replace(WELL, endpoint=SSH), {}, seen="the docker context far sends docker to ssh://", advised=("engine",)
    ),
    "remote by a context, off": Machine(
        replace(INSTALLED_OFF, endpoint=SSH), {"engine": "docker context use default"}, (), "the docker context far"
    ),
    "a context that is gone": Machine(
        replace(CLIENT_ONLY, endpoint=Endpoint("", "DOCKER_CONTEXT far"), compose="2.40.3", debootstrap=True),
        {"engine": "unset DOCKER_CONTEXT"},
        (),
        "an engine that is not known here",
    ),
    "rootless engine off": Machine(
        replace(INSTALLED_OFF, endpoint=Endpoint("unix:///run/user/1000/docker.sock", "DOCKER_HOST")),
        {"engine": "start it there"},
        (),
    ),
    "a tunnel to this machine": Machine(
        replace(WELL, endpoint=Endpoint("tcp://127.0.0.1:2375", "DOCKER_HOST")), {}, seen="at tcp://127.0.0.1:2375"
    ),
    "client does not run": Machine(
        replace(CLIENT_ONLY, client=Client("/usr/local/bin/docker", "Exec format error"), engine=Engine(), debootstrap=True),
        {
            "docker command": "mv /usr/local/bin/docker /usr/local/bin/docker.old",
            "engine": "see the finding above",
            "Compose plugin": "see the finding above",
        },
        (),
        "Exec format error",
    ),
    "podman under docker's name": Machine(
        replace(NOTHING, client=Client("/usr/bin/docker", podman=True), debootstrap=True),
        {
            "docker command": "apt-get install docker.io",
            "engine": "see the finding above",
            "Compose plugin": "see the finding above",
        },
        (),
        "/usr/bin/docker is podman",
    ),
    "Docker Desktop": Machine(
        replace(MAC, engine=Engine("28.1.1", cgroup="2", system="Docker Desktop", cpus=10, memory=7.8)),
        {},
        seen="28.1.1, cgroup v2, Docker Desktop",
        advised=("base image",),
    ),
    "Docker Desktop, little memory": Machine(
        replace(MAC, engine=Engine("28.1.1", cgroup="2", system="Docker Desktop", cpus=2, memory=3.8)),
        {},
        advised=("base image", "processors", "memory"),
    ),
    "Docker Desktop off": Machine(
        replace(MAC, engine=Engine(error=OFF)), {"engine": "start it there"}, (), advised=("base image",)
    ),
    "Docker Desktop hangs": Machine(
        replace(MAC, engine=Engine(hangs=True)), {"engine": "Docker Desktop: quit and start it"}, (), advised=("base image",)
    ),
    "Docker Desktop on Debian, off, as root": Machine(
        replace(
            CLIENT_ONLY,
            endpoint=Endpoint("unix:///srv/ana/.docker/desktop/docker.sock", "the docker context desktop-linux"),
            compose="2.33.1", debootstrap=True,
        ),
        {"engine": "start it there"},
        (),
    ),
    "a bare Mac": Machine(
        replace(MAC, client=Client(), endpoint=Endpoint(), compose=""),
        {"docker command": "Docker Desktop", "engine": "Docker Desktop", "Compose plugin": "Docker Desktop"},
        (),
        advised=("base image",),
    ),
}  # fmt: skip


def finding(facts: Facts, name: str) -> Finding:
    return next(f for f in diagnose(facts) if f.name == name)


@pytest.mark.parametrize("name", MACHINES)
def test_each_machine_gets_what_it_lacks_and_nothing_else(name: str) -> None:
    machine = MACHINES[name]
    found = diagnose(machine.facts)
    missing = [f for f in found if f.verdict == "missing"]
    assert [f.name for f in missing] == list(machine.missing)
    for f in missing:
        assert machine.missing[f.name] in f.fix, f
    assert tuple(f.step for f in found if f.step) == machine.steps
    assert tuple(f.name for f in found if f.verdict == "warn") == machine.advised
    told = missing[0] if missing else finding(machine.facts, "engine")
    assert machine.seen in told.seen


@pytest.mark.parametrize("name", MACHINES)
def test_an_engine_is_installed_or_started_only_where_docker_would_then_ask_it(name: str) -> None:
    facts = MACHINES[name].facts
    if facts.endpoint.address not in ("unix:///var/run/docker.sock", "unix:///run/docker.sock") or facts.engine.hangs:
        assert not {f.step for f in diagnose(facts)} & {"engine", "start", "wait"}


def test_whatever_is_not_well_has_one_fix() -> None:
    for machine in MACHINES.values():
        assert all((f.fix == "") == (f.verdict == "ok") for f in diagnose(machine.facts))


@pytest.mark.parametrize(
    ("change", "name", "verdict", "seen"),
    [
        ({"compose": "v2.20.0"}, "Compose plugin", "ok", "v2.20.0"),
        ({"compose": "5.5.1"}, "Compose plugin", "ok", "5.5.1"),
        ({"debootstrap": False, "base": True}, "base image", "ok", "in the engine"),
        ({"kompose": False}, "kompose", "ok", "dm k8s-export builds it when it first needs it"),
        ({"kompose": True}, "kompose", "ok", "in the engine"),
        ({"engine": replace(UP, memory=6)}, "memory", "warn", "6 GiB"),
        ({"engine": replace(UP, memory=0), "ram": 6}, "memory", "warn", "6 GiB"),
        ({"engine": replace(UP, cpus=2)}, "processors", "warn", "2"),
        ({"swap": 0}, "swap", "warn", "0 GiB"),
        ({"swap": None}, "swap", "ok", "not known"),
        ({"disk": 30}, "disk", "warn", "30 GiB free"),
        ({"disk": 5}, "disk", "missing", "5 GiB free"),
        ({"disk": None}, "disk", "ok", "not known"),
        ({"open_files": 1024}, "open files", "missing", "1024"),
        ({"open_files": 0}, "open files", "ok", "not limited"),
        ({"read_ahead": 128}, "read-ahead", "ok", "128 KiB"),
        ({}, "encryption", "ok", "cannot tell: nobody here says of which disk the engine's data folder is"),
        ({"encrypted": True}, "encryption", "ok", "the engine's volumes lie on an encrypted disk"),
        ({"encrypted": False}, "encryption", "warn", "the engine's volumes lie on a disk that is not encrypted"),
        (
            {"read_ahead": 8192, "read_ahead_file": "/sys/block/vda/queue/read_ahead_kb"},
            "read-ahead",
            "warn",
            "8192 KiB",
        ),
    ],
)
def test_one_difference_gives_one_finding(change: dict[str, object], name: str, verdict: str, seen: str) -> None:
    facts = replace(WELL, **change)  # type: ignore[arg-type]
    found = finding(facts, name)
    assert (found.verdict, found.step) == (verdict, "")
    assert seen in found.seen
    assert {f.name for f in diagnose(facts) if f.verdict != "ok"} <= {name}


def test_what_could_not_be_looked_at_is_told_and_nothing_is_done_about_it() -> None:
    failed = (("engine", "JSONDecodeError: Expecting value"), ("distribution", "Permission denied"))
    found = {f.name: f for f in diagnose(replace(INSTALLED_OFF, unseen=failed))}
    engine = found["engine"]
    assert (engine.verdict, engine.step) == ("missing", "")
    assert engine.seen == "could not be looked at: JSONDecodeError: Expecting value"
    assert (found["distribution"].verdict, found["distribution"].step) == ("warn", "")
    assert "Permission denied" in found["distribution"].seen


def test_an_image_on_an_old_base_is_named_with_its_age() -> None:
    old = replace(WELL, old_images=(("datameesh/trino:476", 112), ("datameesh/minio:1", 30)))
    assert [f for f in diagnose(old) if f.name == "images"] == [
        Finding(
            "images",
            "warn",
            "without Debian's security updates since: datameesh/trino:476 (112 days), datameesh/minio:1 (30 days)",
            "dm images build --fresh",
        )
    ]
    assert [f.verdict for f in diagnose(WELL) if f.name == "images"] == ["ok"]
