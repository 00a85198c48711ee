"""`./dm` itself: it makes its environment, and on a machine without Python's parts installs them or names them in two lines."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SYSTEM = ("cat", "chmod", "cmp", "cp", "dirname", "mkdir", "readlink", "rm", "sh")

PYTHON = """\
#!/bin/sh
# A Python as far as the launcher sees it. `-m venv` makes another one of it.
case "$1 $2" in
*ensurepip*) [ -e {has_venv} ] ;;
"-c "*) exit 0 ;;
"-m venv") [ -e {has_venv} ] && mkdir -p "$3/bin" && cp {self} "$3/bin/python" ;;
"-m pip") echo pip >>{calls} ;;
"-m datameesh_cli") shift 2; echo "dm ran: $*" ;;
*) exit 1 ;;
esac
"""
APT = """\
#!/bin/sh
echo "$*" >>{calls}
case "$*" in
*install*python3-venv*) {broken} && : >{has_venv} && cp {self} {bin}/python3 ;;
esac
"""


@dataclass
class Bare:
    """A machine with a checkout and nothing else than what is put on it."""

    root: Path

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def calls(self) -> list[str]:
        file = self.root / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def put(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def dm(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.bin / "sh"), str(self.root / "checkout" / "dm"), *args],
            env={"PATH": str(self.bin)}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip


def bare(
    root: Path, *, python: bool = True, venv: bool = False, uid: int = 0, apt: bool = True, works: bool = True
) -> Bare:
    (root / "bin").mkdir()
    (root / "checkout").mkdir()
    shutil.copy(ROOT / "dm", root / "checkout")
    for lock in ("requirements.lock", "requirements-test.lock"):
        (root / "checkout" / lock).write_text(lock)
    for name in SYSTEM:
        found = shutil.which(name)
        assert found
        (root / "bin" / name).symlink_to(found)
    # The launcher adds the folders of the system's own programs to the path; a Python does not lie in them.
    machine = Bare(root)
    names = {"has_venv": root / "has-venv", "self": root / "python", "calls": root / "calls", "bin": root / "bin"}
    (root / "python").write_text(PYTHON.format(**names))
    (root / "python").chmod(0o755)
    machine.put("id", f"#!/bin/sh\necho {uid}\n")
    if venv:
        (root / "has-venv").touch()
    if python:
        shutil.copy(root / "python", root / "bin" / "python3")
    if apt:
        machine.put("apt-get", APT.format(broken="true" if works else "false", **names))
    return machine


def test_the_first_use_makes_the_environment_and_the_second_uses_it(tmp_path: Path) -> None:
    machine = bare(tmp_path, venv=True)
    assert machine.dm("status").stdout == "dm ran: status\n"
    assert machine.calls == ["pip"]
    assert machine.dm("status").stderr == ""
    assert machine.calls == ["pip"]


@pytest.mark.parametrize("args", [("demo", "--yes"), ("demo", "-y"), ("doctor", "--fix")])
def test_root_who_said_yes_gets_the_missing_part(tmp_path: Path, args: tuple[str, ...]) -> None:
    machine = bare(tmp_path)
    done = machine.dm(*args)
    assert (done.returncode, done.stdout) == (0, f"dm ran: {' '.join(args)}\n"), done.stderr
    assert machine.calls == ["update -qq", "install -y -qq --no-install-recommends python3-venv", "pip"]


def test_root_who_said_yes_gets_python(tmp_path: Path) -> None:
    machine = bare(tmp_path, python=False)
    done = machine.dm("demo", "--yes")
    assert (done.returncode, done.stdout) == (0, "dm ran: demo --yes\n"), done.stderr
    assert machine.calls == ["update -qq", "install -y -qq --no-install-recommends python3 python3-venv", "pip"]


@pytest.mark.parametrize(
    ("without", "args"),
    [
        ({}, ("status",)),
        ({"uid": 1000}, ("demo", "--yes")),
        ({"apt": False}, ("demo", "--yes")),
        ({"works": False}, ("demo", "--yes")),
    ],
    ids=["not asked", "no root", "no apt", "apt fails"],
)
@pytest.mark.parametrize("python", [True, False])
def test_what_cannot_be_installed_is_named(
    tmp_path: Path, without: dict[str, int], args: tuple[str, ...], python: bool
) -> None:
    machine = bare(tmp_path, python=python, **without)  # type: ignore[arg-type]
    done = machine.dm(*args)
    told = done.stderr.splitlines()[-2:]
    assert (done.returncode, done.stdout) == (3, "")
    assert told[0] == (
        "error: this Python has no venv module" if python else "error: no Python 3.10 or newer was found"
    )
    assert told[1].startswith("hint: install it (Debian, Ubuntu: apt-get install ")
    assert not (machine.root / "checkout" / ".venv").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(tmp_path: Path) -> None:
    machine = bare(tmp_path, venv=True)
    machine.dm("status")
    python = tmp_path / "checkout" / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/usr/bin/python3.9-that-is-gone")
    done = machine.dm("status")
    assert (done.returncode, done.stdout) == (0, "dm ran: status\n"), done.stderr


def test_the_systems_own_programs_are_found_in_a_shell_of_plain_su(tmp_path: Path) -> None:
    machine = bare(tmp_path, venv=True)
    (tmp_path / "python").write_text((tmp_path / "python").read_text().replace("shift 2;", 'echo "$PATH";'))
    path = machine.dm("status").stdout.splitlines()[0].split(":")
    assert path == [str(machine.bin), "/usr/local/sbin", "/usr/sbin", "/sbin"]
