"""Every outside program: not there, not executable, of another machine, hanging, printing garbage. Never a traceback.

The programs are files of the test on an otherwise empty PATH; everything above the system call is the real code.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters import (
    clock,
    dockerd,
    git,
    host_setup,
    image_builder,
    image_bundle,
    kompose,
    kube_score,
    kubectl,
    process,
    tunnel,
)
from datameesh_cli.adapters.cluster_access import ClusterAccess, chosen_context
from datameesh_cli.adapters.compose import Compose
from datameesh_cli.adapters.engine import Engine
from datameesh_cli.adapters.host_mirrors import HostMirrors
from datameesh_cli.core.cluster import Pod
from datameesh_cli.errors import DmError, HostError

Call = Callable[[Path], Any]
POD = Pod("sales-db-0", "sales-domain", "sales-db", True)
BODY = {"kind": "Pod", "metadata": {"name": "p", "namespace": "n"}}


def _compose(home: Path) -> Compose:
    return Compose(home / "compose.yaml", "project", home / "plan.env")


def _up(home: Path) -> None:
    with _compose(home).starting(["core"], ["sales-db"]) as at_work:
        while at_work():
            pass


def _build(home: Path) -> list[str]:
    return list(image_builder.build(image_builder.Build("x:1", home, home, {}, {}, HostMirrors({}, {}, {}))))


def _rootfs(home: Path) -> list[str]:
    return list(image_builder.make_rootfs(home / "bin" / "rootfs", HostMirrors({}, {}, {})))


def _through_the_tunnel(_home: Path) -> None:
    import socket

    from datameesh_cli.errors import UnhealthyError

    with tunnel.reach_through(["docker", "exec", "-i", "c"], 5432) as endpoint:
        with socket.create_connection((endpoint.host, endpoint.port)) as connection:
            connection.settimeout(10)
            if not connection.recv(1):
                raise UnhealthyError("nobody answers")


CALLS: dict[str, tuple[str, Call]] = {
    "docker info": ("docker", lambda _: Engine().info()),
    "docker ps": ("docker", lambda _: Engine().containers("p")),
    "docker stats": ("docker", lambda _: Engine().memory_used("p")),
    "docker exec": ("docker", lambda _: Engine().exec("c", ["true"])),
    "docker run": ("docker", lambda _: Engine().run_once("i", "n", ["true"])),
    "docker volume": ("docker", lambda _: Engine().volumes("p")),
    "docker image inspect": ("docker", lambda _: image_builder.present(["x:1"])),
    "docker inspect of a user": ("docker", lambda _: image_builder.user_of("x:1")),
    "docker pull": ("docker", lambda _: image_builder.pull("x:1")),
    "docker compose build": ("docker", _build),
    "docker save": ("docker", lambda home: image_bundle.save(["x:1"], home / "bundle.tar")),
    "docker compose config": ("docker", lambda home: _compose(home).resolve(["core"])),
    "docker compose up": ("docker", _up),
    "docker compose down": ("docker", lambda home: _compose(home).down(volumes=True)),
    "docker compose rm": ("docker", lambda home: _compose(home).remove(["a"])),
    "docker compose restart": ("docker", lambda home: _compose(home).restart(["a"])),
    "docker compose run": ("docker", lambda home: list(_compose(home).run_job("dbt", ["build"]))),
    "docker compose logs": ("docker", lambda _: process.attach(["docker", "compose", "logs"])),
    "docker exec of the tunnel": ("docker", _through_the_tunnel),
    "kompose": ("docker", lambda _: kompose.convert("k:1", {"services": {}}, ["core"])),
    "kubectl get": ("kubectl", lambda _: ClusterAccess("c").look()),
    "kubectl exec": ("kubectl", lambda _: ClusterAccess("c").exec(POD, ["true"], 5)),
    "kubectl run": ("kubectl", lambda _: list(ClusterAccess("c").run_once(BODY))),
    "kubectl apply": ("kubectl", lambda home: kubectl.apply_folder(home, "c")),
    "kubectl dry run": ("kubectl", lambda _: kubectl.dry_run([{"metadata": {}}], "c")),
    "kubectl config": ("kubectl", lambda _: chosen_context(None)),
    "kube-score": ("kube-score", lambda _: kube_score.critical([])),
    "apt-get": ("apt-get", lambda _: host_setup.install_packages("x")),
    "dpkg": ("dpkg", lambda _: host_setup.checked(["dpkg", "-x", "a", "b"], dict(os.environ))),
    "systemctl": ("systemctl", lambda _: host_setup.checked(["systemctl", "start", "docker"], dict(os.environ))),
    "dockerd": ("dockerd", lambda home: dockerd.start(home / "engine.log", home / "docker.pid")),
    "debootstrap's script": ("rootfs", _rootfs),
    "git": ("git", lambda home: git.changed(home, "main")),
}

NO_LIMIT = {"docker compose build", "docker save", "docker compose up", "docker compose run", "docker compose logs"}
NO_LIMIT |= {"debootstrap's script", "docker exec of the tunnel", "kubectl run"}
NO_LIMIT |= {"docker compose down", "docker compose rm", "docker compose restart"}
"""What may take as long as it takes: its output is shown as it comes, or the caller has a limit, and Ctrl-C ends it."""

OPTIONAL = {"kube-score"}
"""What is done without where it cannot be run."""

ANSWERS = {
    "words": "echo 'What? Who are you?'",
    "nothing": "",
    "bytes": r"printf '\377\376\000\001 {'",
    "a number": "echo 7",
    "a list": "echo '[1, null]'",
    "an object": """echo '{"items": [1], "ServerVersion": {}, "services": 3}'""",
    "a list of objects": """echo '[{"a": 1}]'""",
    "a long line, and a failure": "head -c 100000 /dev/zero | tr '\\\\0' x; exit 1",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a shell and little else."""
    (tmp_path / "bin").mkdir()
    for name in ("sh", "env", "head", "tr", "sleep", "cat"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    # No machine waits here: a limit of minutes becomes a moment, and the clock runs.
    communicate, ticks = subprocess.Popen.communicate, itertools.count(0, 20)

    def impatient(self: Any, stdin: Any = None, timeout: float | None = None) -> Any:
        stops = {"down", "rm", "restart"} & set(self.args)  # by the library, which knows no limit; see NO_LIMIT
        assert stops or timeout is not None, f"{self.args} may hang for ever"
        return communicate(self, stdin, 5 if timeout is None else min(timeout, 0.3))

    monkeypatch.setattr(subprocess.Popen, "communicate", impatient)
    monkeypatch.setattr(clock, "now", lambda: next(ticks))
    monkeypatch.setattr(clock, "sleep", lambda _seconds: None)
    monkeypatch.setattr(dockerd, "has_systemd", lambda: False)
    return tmp_path


def _put(home: Path, name: str, text: str, mode: int = 0o755) -> None:
    path = home / "bin" / name
    path.write_text(text)
    path.chmod(mode)
    if name == "dockerd":
        _put(home, "docker", "#!/bin/sh\nexit 1\n")


def _outcome(call: Call, home: Path) -> DmError | None:
    """What a call is refused with, None if it is not. Anything else than our error is a traceback to the user."""
    try:
        call(home)
    except DmError as refused:
        assert "\n" not in refused.message, refused.message
        assert "\n" not in refused.hint
        assert len(refused.message) < 600
        assert refused.exit_code in (2, 3, 4)
        return refused
    return None


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("missing", "is not installed"),
        ("not executable", "cannot be run: permission denied"),
        ("wrong format", "cannot be run: it is not a program for this machine"),
        ("no interpreter", "cannot be run: what it needs to run"),
    ],
)
def test_a_program_that_cannot_be_run(home: Path, name: str, fault: str, says: str) -> None:
    program, call = CALLS[name]
    if program == "dockerd" and fault == "missing":
        _put(home, "dockerd", "")
        (home / "bin" / "dockerd").unlink()
    elif fault == "not executable":
        _put(home, program, "#!/bin/sh\n", 0o644)
    elif fault == "wrong format":
        _put(home, program, "\x7fELF of another machine")
    elif fault == "no interpreter":
        _put(home, program, "#!/nowhere/python\n")
    refused = _outcome(call, home)
    if name in OPTIONAL and fault in ("missing", "not executable"):
        assert refused is None
        return
    if name == "docker save":  # through the shell, which says it in its own words
        assert refused is not None
        return
    if program == "dockerd" and fault == "not executable":
        says = "dockerd is not installed"  # it is looked for first
    if name == "debootstrap's script" and fault == "missing":
        says = "is not installed"
    assert isinstance(refused, HostError)
    assert says in refused.message
    assert program in refused.message
    assert refused.exit_code == 3


@pytest.mark.parametrize("name", [name for name in CALLS if name not in NO_LIMIT])
def test_a_program_that_hangs(home: Path, name: str) -> None:
    program, call = CALLS[name]
    _put(home, program, "#!/bin/sh\nexec sleep 60\n")
    refused = _outcome(call, home)
    assert isinstance(refused, HostError)
    said = "ended again" if program == "dockerd" else "did not end within"
    assert said in refused.message


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_program_that_prints_garbage(home: Path, name: str, answer: str) -> None:
    program, call = CALLS[name]
    _put(home, program, f"#!/bin/sh\n{ANSWERS[answer]}\n")
    refused = _outcome(call, home)
    if answer == "words" and name in ("docker info", "docker compose config", "docker image inspect", "kubectl get"):
        assert isinstance(refused, HostError)
        assert f"'{name}' gave no JSON: What? Who are you?" in refused.message


def test_every_program_that_the_code_names_is_in_the_table() -> None:
    """A new program has a row here, or a reason not to."""
    import re

    from tests.contract.repo import ROOT

    text = "".join(p.read_text() for p in sorted((ROOT / "datameesh_cli").rglob("*.py")))
    named = set(re.findall(r"process\.(?:run|stream|begun|attach|pipe|find)\(\s*\[?[\"']([a-z-]+)[\"']", text))
    named |= set(re.findall(r"_PROGRAM = \"([a-z-]+)\"", text))
    named |= set(re.findall(r"checked\(\s*\[[\"']([a-z-]+)[\"']", text))
    elsewhere = {
        "sudo": "asks once, -n, and is found first",
        "debootstrap": "only looked for",
        "apt-cache": "as apt-get",
    }
    assert named - set(elsewhere) <= {program for program, _ in CALLS.values()}
    assert {"docker", "systemctl", "dpkg", "kube-score"} <= named
