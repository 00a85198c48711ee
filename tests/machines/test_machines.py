"""The demo's first part, on machines that nobody prepared: one with nothing, one with a docker command alone, one with everything.

Each is driven as its user drives it: `./dm` makes its environment, `dm doctor --fix --yes` does what `dm demo --yes` does first.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.machines import machine as machines
from tests.machines.machine import Machine

pytestmark = [pytest.mark.docker, pytest.mark.timeout(2400)]

THE_DEMOS_FIRST_STEP = """
from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.usecases.diagnose_host import prepare_host
print("did", *prepare_host(adapters_for(), install=True, report=print).done)
"""
A_BUILD = """
import pathlib
from datameesh_cli.adapters.host_mirrors import HostMirrors
from datameesh_cli.adapters.host_mirrors import host_mirrors
from datameesh_cli.adapters.image_builder import Build, build, present
folder = pathlib.Path("/tmp/build"); folder.mkdir(exist_ok=True)
(folder / "Dockerfile").write_text("FROM scratch\\nCOPY Dockerfile /\\n")
for line in build(Build("tiny:1", folder, folder, {}, {}, HostMirrors({}, {}, {}))): print(line)
print("built", *present(["tiny:1"]))
"""
A_CONTAINER = """
tar -C / -ch bin/sh $(ldd /bin/sh | grep -o ' */[^ ]*' | sed 's/^ *.//') | docker import - shell:1 >/dev/null
docker run --rm --network none --memory 64m shell:1 sh -c 'echo it runs'
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[None]:
    reason = machines.why_not()
    if reason:
        pytest.skip(reason)
    machines.prepare()
    yield
    machines.tidy()


@pytest.fixture
def machine(shared: None, request: pytest.FixtureRequest) -> Iterator[Machine]:
    name = request.node.name.split("_")[-1]
    yield machines.start(name)
    machines.remove(name)


def _missing(found: dict[str, list[dict[str, str]]]) -> list[str]:
    return [f["name"] for f in found["findings"] if f["verdict"] == "missing"]


def test_a_machine_with_nothing(machine: Machine) -> None:
    assert machine.run("which", "docker", "dockerd", code=None) == ""
    told = machine.dm("doctor", code=3).splitlines()
    assert told == [
        "error: this Python has no venv module",
        "hint: install it (Debian, Ubuntu: apt-get install python3-venv) and run the command again",
    ]
    found = machine.fix()
    assert (found["done"], _missing(found)) == (["engine", "start", "compose"], [])
    assert len(machine.engines()) == 1
    assert "it runs" in machine.run("sh", "-ec", A_CONTAINER)
    # The demo now finds all it needs, and does nothing a second time.
    before = machine.packages()
    assert machine.python(THE_DEMOS_FIRST_STEP).splitlines()[-1] == "did"
    assert machine.packages() == before
    assert len(machine.engines()) == 1


def test_a_machine_with_a_client_and_no_engine(machine: Machine) -> None:
    """A docker command that came as one file: no package, no engine. Debian's own comes beside it, and both work."""
    static = machines.docker_of_this_machine()
    machine.put(static, "/usr/local/bin/docker")
    if not machine.run("docker", "--version", code=None).startswith("Docker version"):
        # This machine's needs libraries that Debian 12 has not.
        machine.run(
            "sh", "-ec", "apt-get -q update; cd /tmp; apt-get -q download docker.io; dpkg -x docker.io_*.deb unpacked"
        )
        machine.run("cp", "/tmp/unpacked/usr/bin/docker", "/usr/local/bin/docker")
    assert machine.run("sh", "-c", "command -v docker dockerd", code=None).split() == ["/usr/local/bin/docker"]
    found = machine.fix()
    assert (found["done"], _missing(found)) == (["engine", "start", "compose"], [])
    for client in ("/usr/local/bin/docker", "/usr/bin/docker"):
        assert machine.run(client, "version", "--format", "{{.Server.Version}}").startswith("20.10.")
        assert machine.run(client, "compose", "version", "--short").startswith("2.")
    for path in ("/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "/usr/sbin:/usr/bin:/sbin:/bin"):
        assert machine.python(A_BUILD, PATH=path).splitlines()[-1] == "built tiny:1"
        machine.run("docker", "rmi", "tiny:1")


def test_a_machine_with_everything(machine: Machine) -> None:
    machine.install("docker.io", "iptables", "debootstrap", "python3-venv")
    machine.put(machines.compose_of_this_machine(), "/usr/local/lib/docker/cli-plugins/docker-compose")
    machine.run(
        "sh", "-c", "dockerd >/var/log/dockerd.log 2>&1 & until docker info >/dev/null 2>&1; do sleep 0.2; done"
    )
    (engine,) = machine.engines()
    before = machine.packages()

    found = machine.fix()
    assert (found["done"], _missing(found)) == ([], [])
    assert (machine.engines(), machine.packages()) == ([engine], before)

    # It hangs: that is said, and none is started beside it.
    machine.run("kill", "-STOP", engine)
    said = machine.dm("doctor", "--fix", "--yes", code=3)
    machine.run("kill", "-CONT", engine)
    assert "hangs: no answer within 30 s" in said
    assert f"kill {engine}" in said.splitlines()[-1]
    assert machine.engines() == [engine]
    assert machine.run("cat", "/var/run/docker.pid").strip() == engine

    # It was killed, and another engine is the chosen one: still none is started.
    machine.run("kill", "-KILL", engine)
    found = machine.fix(code=3, DOCKER_HOST="tcp://127.0.0.1:9")
    assert (found["done"], _missing(found), machine.engines()) == ([], ["engine"], [])

    # It was killed, its number was given to another program, and it is the chosen one: now it is started.
    machine.run("sh", "-c", "echo 1 >/var/run/docker.pid")
    found = machine.fix()
    assert (found["done"], _missing(found)) == (["start"], [])
    assert len(machine.engines()) == 1
    assert machine.packages() == before


@pytest.mark.skipif(shutil.which("iptables-save") is None, reason="this machine has no iptables")
def test_the_machines_left_nothing_behind(shared: None) -> None:
    """Last: what the machines did to their own networks did not reach this one."""
    machines.tidy()
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    assert machines.MARK not in rules
    left = [
        subprocess.run(
            ["docker", *words, "--filter", f"name={machines.MARK}"], capture_output=True, text=True, check=True
        )
        for words in (("ps", "-aq"), ("volume", "ls", "-q"), ("network", "ls", "-q"))
    ]
    assert [done.stdout for done in left] == ["", "", ""]
