"""The looks at a machine: whatever a program or file answers becomes a fact, and nothing raises."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from datameesh_cli.adapters import host_facts
from datameesh_cli.core.diagnosis import diagnose
from datameesh_cli.core.machine import Facts, Finding
from datameesh_cli.errors import UserError

INFO = {
    "ServerVersion": "24.0.7", "CgroupVersion": "2", "OperatingSystem": "Docker Desktop", "NCPU": 6, "MemTotal": 4 * 2**30,
    "DockerRootDir": "/nowhere/docker",
}  # fmt: skip
DEAD = {
    "ServerErrors": [
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
    ]
}


class Script:
    """The `docker` of a machine: what it does when it is asked for its version, its engine, its Compose."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file, self.monkeypatch = folder / "docker", monkeypatch

    def does(
        self,
        version: str = "echo 'Docker version 24.0.7, build x'",
        info: str = f"echo '{json.dumps(INFO)}'",
        compose: str = "echo 2.26.1",
        image: str = "exit 1",
    ) -> None:
        # Only who waits for what never comes has little patience: a busy machine needs a while for the rest.
        self.monkeypatch.setattr(host_facts, "PATIENCE", 1 if "sleep" in version + info + compose else 30)
        cases = {"--version*": version, "info*": info, "compose*": compose, "image*": image}
        self.file.write_text(
            '#!/bin/sh\ncase "$*" in\n' + "".join(f"{k}) {v} ;;\n" for k, v in cases.items()) + "esac\n"
        )
        self.file.chmod(0o755)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker-config"))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    script = Script(tmp_path / "bin", monkeypatch)
    script.does()
    return script


def look() -> Facts:
    return host_facts.look(lambda: {"base": "datameesh/base:13", "kompose": "datameesh/kompose:1"})


def finding(facts: Facts, name: str) -> Finding:
    return next(f for f in diagnose(facts) if f.name == name)


def test_the_engine_says_how_much_it_has(docker: Script) -> None:
    docker.does(image='[ "$3" = datameesh/base:13 ]')
    facts = look()
    assert (facts.engine.version, facts.engine.cgroup, facts.engine.system) == ("24.0.7", "2", "Docker Desktop")
    assert (facts.engine.cpus, facts.engine.memory, facts.compose) == (6, 4.0, "2.26.1")
    assert (facts.base, facts.kompose, facts.unseen) == (True, False, ())
    # A virtual machine's own swap, limits and disk settings are not ours to see.
    assert (facts.swap, facts.open_files, facts.read_ahead) == (None, 0, 0)


@pytest.mark.parametrize(
    ("info", "error"),
    [
        (f"echo '{json.dumps(DEAD)}'", "Is the docker daemon running?"),
        ("echo 'Cannot connect to the Docker daemon' >&2; exit 1", "Cannot connect to the Docker daemon"),
        ("echo garbage", "garbage"),
        ("exit 1", "exit code 1"),
        ("echo '{}'", "{}"),
    ],
)
def test_an_engine_that_does_not_answer_is_told_with_its_words(docker: Script, info: str, error: str) -> None:
    docker.does(info=info)
    facts = look()
    assert (facts.engine.version, facts.engine.hangs, facts.unseen) == ("", False, ())
    assert error in facts.engine.error


def test_an_engine_that_hangs_is_a_finding_with_what_to_do(docker: Script) -> None:
    docker.does(info="exec sleep 60")
    facts = look()
    assert facts.engine.hangs
    found = finding(facts, "engine")
    assert (found.verdict, found.step) == ("missing", "")
    assert found.seen.startswith("hangs")
    assert "restart" in found.fix or "kill" in found.fix
    assert "run: ./dm doctor" not in found.fix


def test_a_command_that_hangs_with_its_engine_is_not_blamed(docker: Script) -> None:
    """Docker 20.10 greets the engine before it tells its own version."""
    greet = '[ "$DOCKER_HOST" = unix:///nowhere/docker.sock ] || exec sleep 60'
    docker.does(version=f"{greet}; echo 'Docker version 20.10.24'", info=greet, compose=f"{greet}; echo 2.26.1")
    facts = look()
    assert (facts.client.trouble, facts.compose, facts.engine.hangs) == ("", "2.26.1", True)


@pytest.mark.parametrize(
    ("version", "trouble"),
    [
        ("exit 127", "exit code 127"),
        ("echo hello", "'hello'"),
        ("exec sleep 60", "did not end within 1 s"),
        ("kill -9 $$", "exit code -9"),
    ],
)
def test_a_docker_command_that_does_not_run_says_why(docker: Script, version: str, trouble: str) -> None:
    docker.does(version=version)
    facts = look()
    assert trouble in facts.client.trouble
    assert finding(facts, "docker command").verdict == "missing"
    assert not {f.step for f in diagnose(facts)} & {"engine", "start", "wait"}


def test_a_docker_command_of_another_machine_is_no_traceback(docker: Script) -> None:
    docker.file.write_bytes(b"\x7fELF of another processor")
    assert look().client.trouble


def test_podman_under_dockers_name_is_seen(docker: Script) -> None:
    docker.does(version="echo 'Emulate Docker CLI using podman.' >&2; echo 'podman version 4.3.1'")
    assert look().client.podman


def test_no_docker_at_all(docker: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    docker.file.unlink()
    monkeypatch.setenv("PATH", str(docker.file.parent))
    facts = look()
    assert (facts.client.path, facts.engine.version, facts.compose, facts.dockerd) == ("", "", "", "")


@pytest.mark.parametrize(
    ("compose", "version", "trouble"),
    [
        ("echo v2.20.0", "v2.20.0", ""),
        ("echo \"docker: 'compose' is not a docker command.\" >&2; exit 1", "", ""),
        ("echo 'Docker version 24'", "", "'Docker version 24'"),
        ("exec sleep 60", "", "did not end within 1 s"),
    ],
)
def test_compose_says_its_version_or_what_is_wrong(docker: Script, compose: str, version: str, trouble: str) -> None:
    docker.does(compose=compose)
    facts = look()
    assert facts.compose == version
    assert trouble in facts.compose_trouble


def test_a_remote_engine_is_asked_and_its_disk_is_not_guessed(docker: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://far.example.org:2376")
    facts = look()
    assert (facts.endpoint.address, facts.endpoint.by) == ("tcp://far.example.org:2376", "DOCKER_HOST")
    assert (facts.engine.version, facts.disk, facts.swap, facts.read_ahead) == ("24.0.7", None, None, 0)


@pytest.mark.parametrize(
    ("uuids", "below", "expected"),
    [
        ({}, {}, False),  # /dev/vda1
        ({"dm-0": "CRYPT-LUKS2-0f1e2d3c-luks"}, {}, True),
        ({"dm-0": "LVM-AbCd"}, {"dm-0": ("sda2",)}, False),
        ({"dm-0": "LVM-AbCd", "dm-1": "CRYPT-LUKS2-0f1e2d3c-sda2_crypt"}, {"dm-0": ("dm-1",)}, True),
        ({"dm-0": "LVM-AbCd", "dm-1": "CRYPT-LUKS2-0f1e2d3c-sda2_crypt"}, {"dm-0": ("dm-1", "sdb")}, False),
    ],
)
def test_a_disk_is_encrypted_where_all_below_it_is(
    tmp_path: Path, uuids: dict[str, str], below: dict[str, tuple[str, ...]], expected: bool
) -> None:
    """The folders of /sys/block as Debian 12 has them, with LUKS, LVM on LUKS, and LVM over one disk of each kind."""
    for name in ("dm-0", "dm-1", "sda2", "sdb"):
        (tmp_path / name / "slaves").mkdir(parents=True)
        if name in uuids:
            (tmp_path / name / "dm").mkdir()
            (tmp_path / name / "dm" / "uuid").write_text(uuids[name] + "\n")
    for name, others in below.items():
        for other in others:
            (tmp_path / name / "slaves" / other).symlink_to(tmp_path / other)
    assert host_facts._is_encrypted(tmp_path / "dm-0") is expected


@pytest.mark.row("S-SEC-61/C")
@pytest.mark.parametrize(("uuid", "verdict"), [("LVM-AbCd", "warn"), ("CRYPT-LUKS2-0f1e2d3c-luks", "ok")])
def test_the_doctor_warns_of_volumes_on_a_disk_that_is_not_encrypted(
    docker: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uuid: str, verdict: str
) -> None:
    (tmp_path / "dm-0" / "dm").mkdir(parents=True)
    (tmp_path / "dm-0" / "dm" / "uuid").write_text(uuid + "\n")
    monkeypatch.setattr(host_facts, "_block", lambda _: tmp_path / "dm-0")
    docker.does(info=f"echo '{json.dumps(dict(INFO, OperatingSystem='Debian'))}'")
    found = finding(look(), "encryption")
    assert (found.verdict, "engine's volumes" in found.seen) == (verdict, True)


def test_every_look_that_fails_is_a_finding(docker: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look in its turn, with each kind of failure: the doctor tells it and looks on."""

    def broken(*_: object) -> Mapping[str, str]:
        raise PermissionError(13, "Permission denied")

    def refused() -> Mapping[str, str]:
        raise UserError("services/base/Dockerfile: no label", "correct it")

    for name in (
        "_os_release",
        "_client",
        "_engine",
        "_compose",
        "_memory",
        "_read_ahead",
        "_is_encrypted",
        "_open_files",
        "_has",
    ):
        with monkeypatch.context() as patch:
            docker.does(info=f"echo '{json.dumps(dict(INFO, OperatingSystem='Debian'))}'")
            patch.setattr(host_facts, name, broken)
            findings = diagnose(look())
            told = [f for f in findings if "could not be looked at: PermissionError" in f.seen]
            assert told, name
            assert all(f.verdict != "ok" and f.step == "" for f in told), told
    facts = host_facts.look(refused)
    assert facts.unseen == (("base image", "services/base/Dockerfile: no label"),)


def test_a_configuration_that_cannot_be_read_starts_nothing(docker: Script, tmp_path: Path) -> None:
    docker.does(info=f"echo '{json.dumps(DEAD)}'")
    (tmp_path / "docker-config").mkdir()
    (tmp_path / "docker-config" / "config.json").write_text("{")
    found = finding(look(), "engine")
    assert (found.verdict, found.step) == ("missing", "")
    assert "config.json cannot be read" in found.seen


def test_root_is_who_runs_it(docker: Script) -> None:
    assert look().root == (os.geteuid() == 0)
