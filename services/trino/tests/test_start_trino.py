"""`start-trino` of a worker that is told to stop: whom it asks, how long it waits, and for whom it does not.

The script is the shipped one; curl and java are programs of the test, and its folders lie in a temporary one.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.repo import ROOT

SCRIPT = ROOT / "services" / "trino" / "config" / "start-trino"
SECRETS = ("trino-internal-secret", "support-db-trino-rw-password", "trino-certificate", "mesh-ca")
# Ends by itself when it was asked to shut down and `work` is gone; notes a signal. Its start takes the second that the shell needs
# until it listens.
JAVA = """\
#!/bin/sh
trap 'echo TERM >> {home}/said; exit 143' TERM
sleep 1
env > {home}/environment
printf '%s\\n' "$@" > {home}/java.args
echo started >> {home}/said
until [ -e {home}/asked ] && [ ! -e {home}/work ]; do sleep 0.05; done
exit 0
"""
# Adds what it is given a file of to the store that it is given.
KEYTOOL = """\
#!/bin/sh
while [ $# -gt 0 ]; do
    case $1 in -keystore) store=$2 ;; -file) file=$2 ;; esac
    shift
done
cat "$file" >> "$store"
"""
# To the worker itself: what it was asked, as `put` says. To the coordinator: the next exit code of `answers`, the last for ever.
CURL = """\
#!/bin/sh
case "$*" in
    *PUT*) printf '%s\\n' "$@" > {home}/asked.args
           code=$(cat {home}/put); [ "$code" != 0 ] || touch {home}/asked; exit "$code" ;;
esac
code=$(head -n 1 {home}/answers)
[ "$(wc -l < {home}/answers)" -le 1 ] || sed -i 1d {home}/answers
echo "$code" >> {home}/looked
[ "$code" != 0 ] || echo '"starting":false'
exit "$code"
"""


@dataclass
class Worker:
    """A worker of the test: its folder, and its first process."""

    home: Path
    process: subprocess.Popen[bytes]

    def is_told_to_stop(self, *answers: int, put: int = 0) -> None:
        (self.home / "answers").write_text("".join(f"{code}\n" for code in answers))
        (self.home / "put").write_text(str(put))
        self.process.send_signal(signal.SIGTERM)

    def has_looked(self, times: int) -> None:
        """Wait until the coordinator was asked so many times."""
        deadline = time.monotonic() + 60
        looked = self.home / "looked"
        while not looked.exists() or len(looked.read_text().splitlines()) < times:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    @property
    def was_killed(self) -> bool:
        return "TERM" in (self.home / "said").read_text()


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    text = SCRIPT.read_text()
    moved = {
        "/run/secrets/": "secrets/",
        "/opt/trino": "opt",
        "/tmp/who": "who",
        "/etc/trino": "etc",
        "/tmp/trino": "data",
    }
    for before, after in moved.items():
        assert before in text
        text = text.replace(before, f"{tmp_path}/{after}")
    (tmp_path / "start").write_text(text)
    (tmp_path / "secrets").mkdir()
    for name in SECRETS:
        (tmp_path / "secrets" / name).write_text(f"of {name}\n")
    (tmp_path / "etc" / "catalog").mkdir(parents=True)
    (tmp_path / "etc" / "config.properties").write_text("a.secret=${ENV:TRINO_INTERNAL_SECRET}\n")
    (tmp_path / "etc" / "catalog" / "support.properties").write_text("password=${ENV:SUPPORT_DB_TRINO_RW_PASSWORD}\n")
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt" / "java-args").write_text("")
    (tmp_path / "work").touch()
    (tmp_path / "lib" / "security").mkdir(parents=True)
    (tmp_path / "lib" / "security" / "cacerts").write_text("everybody whom Java believes\n")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, body in {"java": JAVA, "curl": CURL, "keytool": KEYTOOL, "nproc": "#!/bin/sh\necho 8\n"}.items():
        (programs / name).write_text(body.format(home=tmp_path))
        (programs / name).chmod(0o755)
    env = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOSTNAME": "w",
        "TRINO_ROLE": "worker",
        "TRINO_HEAP": "256",
        "TRINO_DISCOVERY_URI": "http://coordinator:8080",
    }
    process = subprocess.Popen(["sh", str(tmp_path / "start")], env=env)
    deadline = time.monotonic() + 60
    while not (tmp_path / "said").exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    return Worker(tmp_path, process)


def test_the_one_who_may_stop_it_is_the_one_who_asks_and_has_a_name_that_nobody_knows(worker: Worker) -> None:
    worker.is_told_to_stop(0)
    worker.has_looked(1)
    (worker.home / "work").unlink()
    assert worker.process.wait(60) == 0
    rules = json.loads((worker.home / "who-may-stop-me.json").read_text())["system_information"]
    assert (worker.home / "who-may-stop-me.json").stat().st_mode & 0o077 == 0
    assert [rule["allow"] for rule in rules] == [["read", "write"], []]
    assert "user" not in rules[1], "nobody else even looks"
    user = rules[0]["user"]
    assert len(user.removeprefix("leave-")) == 32
    asked = (worker.home / "asked.args").read_text().splitlines()
    assert f"X-Trino-User: {user}" in asked
    assert '"SHUTTING_DOWN"' in asked


def test_every_secret_is_in_the_environment_that_catalogs_read(worker: Worker) -> None:
    """A domain that is added brings a secret that this script has never heard of."""
    environment = (worker.home / "environment").read_text().splitlines()
    assert "SUPPORT_DB_TRINO_RW_PASSWORD=of support-db-trino-rw-password" in environment
    assert "TRINO_INTERNAL_SECRET=of trino-internal-secret" in environment
    assert "of trino-certificate" not in "\n".join(environment)
    assert (worker.home / "data" / "etc" / "config.properties").exists(), "Trino looks for some of its files in ./etc"
    (worker.home / "work").unlink()
    (worker.home / "asked").touch()
    assert worker.process.wait(60) == 0


def test_whom_java_believes_and_the_stack_s_authority_are_believed(worker: Worker) -> None:
    believed = f"{worker.home}/data/trust"
    assert f"-Djavax.net.ssl.trustStore={believed}" in (worker.home / "java.args").read_text().splitlines()
    assert Path(believed).read_text() == "everybody whom Java believes\nof mesh-ca\n"
    (worker.home / "work").unlink()
    (worker.home / "asked").touch()
    assert worker.process.wait(60) == 0


def test_a_coordinator_that_is_too_busy_to_answer_is_waited_for(worker: Worker) -> None:
    """28 is curl's code for a time-out, 7 and 6 for nobody there: once may be a moment of a network, so it takes two."""
    worker.is_told_to_stop(0, 28, 28, 28, 7, 0, 6, 28, 0)
    worker.has_looked(9)
    assert worker.process.poll() is None
    (worker.home / "work").unlink()
    assert worker.process.wait(60) == 0
    assert not worker.was_killed


@pytest.mark.parametrize("code", [6, 7], ids=["no such name", "refused"])
def test_without_a_coordinator_nobody_waits_for_its_work(worker: Worker, code: int) -> None:
    worker.is_told_to_stop(0, code, code)
    assert worker.process.wait(60) == 143
    assert worker.was_killed


def test_a_worker_that_cannot_be_asked_is_ended(worker: Worker) -> None:
    """As it was before there were rules: Trino said 403, which is 22 of curl."""
    worker.is_told_to_stop(0, put=22)
    assert worker.process.wait(60) == 143
    assert worker.was_killed
