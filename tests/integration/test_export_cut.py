"""An export that is cut short, at each of its steps and not at moments: a faster or slower machine has the same steps."""

from __future__ import annotations

import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.clone import command, copy_of, environment, export, files_in

HOOK = """
import os, signal, sys
from pathlib import Path

_PLACE, _LOG = os.environ["CUT_PLACE"], Path(os.environ["CUT_LOG"])
_AT, _STOP = int(os.environ["CUT_AT"]), int(os.environ["CUT_STOP"])
_OWN, _number = os.getpid(), 0


def _step(event, args):
    if event == "subprocess.Popen":
        return "start " + " ".join(str(word) for word in args[1][:2])
    if event == "open" and isinstance(args[0], str) and args[2] & (os.O_WRONLY | os.O_RDWR):
        return "write " + args[0] if args[0].startswith(_PLACE) else ""
    if event in ("os.mkdir", "os.rename", "shutil.rmtree") and str(args[0]).startswith(_PLACE):
        return event + " " + str(args[0])
    return "exchange" if event == "ctypes.dlsym" and args[1] in ("renameat2", "renamex_np") else ""


def _hook(event, args):
    global _number
    if os.getpid() != _OWN or not (step := _step(event, args)):
        return
    _number += 1
    number = _number
    with open(_LOG, "a") as log:
        log.write(step + "\\n")
    if number == _AT:
        os.kill(_OWN, _STOP)


sys.addaudithook(_hook)
"""
"""Python runs `sitecustomize` before anything else. The step at which it cuts has not been done yet."""

STARTS, WRITES, SWAPS, REMOVALS = "start ", "write ", ("os.rename ", "exchange"), "shutil.rmtree "


@dataclass(frozen=True)
class Cut:
    """A clone with an export in it, and how another one is made there that ends itself before its step `at`."""

    clone: Path
    hook: Path

    @property
    def out(self) -> Path:
        """Where the export lies."""
        return self.clone / "k8s-export" / "out"

    def beside(self) -> list[str]:
        """What lies in the folder that the export lies in."""
        return sorted(path.name for path in self.out.parent.iterdir())

    def run(self, *args: str, at: int = 0, stop: signal.Signals = signal.SIGKILL) -> tuple[int, list[str]]:
        """Its exit code, and the steps that it began."""
        log = self.hook / "steps"
        log.write_text("")
        env = environment(self.clone)
        env["PYTHONPATH"] = f"{self.hook}:{env['PYTHONPATH']}"
        env |= {"CUT_PLACE": str(self.out.parent), "CUT_LOG": str(log), "CUT_AT": str(at), "CUT_STOP": str(int(stop))}
        child = subprocess.run(command(*args), cwd=self.clone, env=env, capture_output=True, timeout=120)
        return child.returncode, log.read_text().splitlines()


@pytest.fixture(scope="module")
def cut(built: None, tmp_path_factory: pytest.TempPathFactory) -> Cut:
    hook = tmp_path_factory.mktemp("hook")
    (hook / "sitecustomize.py").write_text(HOOK)
    return Cut(copy_of(tmp_path_factory.mktemp("clone")), hook)


def _telling(steps: list[str], *, first_only: bool = False) -> list[int]:
    """The numbers of the steps to cut at: each program, each change of a folder's name, each removal, a file in the middle.

    With `first_only` the first of each kind.
    """
    kinds: tuple[str | tuple[str, ...], ...] = (STARTS, SWAPS, REMOVALS)
    found = [[n for n, step in enumerate(steps, start=1) if step.startswith(kind)] for kind in kinds]
    writes = [n for n, step in enumerate(steps, start=1) if step.startswith(WRITES)]
    others = [n for numbers in found for n in (numbers[:1] if first_only else numbers)]
    return sorted({writes[len(writes) // 2], *others})


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_an_export_that_is_cut_at_any_step_leaves_the_last_one_whole_or_the_new_one(
    cut: Cut, stop: signal.Signals
) -> None:
    export(cut.clone, "--ram", "4g")
    new = files_in(cut.out)
    export(cut.clone, "--ram", "6g")
    old = files_in(cut.out)
    assert old != new
    beside = cut.beside()
    code, steps = cut.run("--ram", "4g")
    assert (code, files_in(cut.out)) == (0, new)
    kinds = {kind: sum(step.startswith(kind) for step in steps) for kind in (STARTS, WRITES, SWAPS, REMOVALS)}
    assert kinds[STARTS] >= 2 and kinds[WRITES] > 10 and kinds[SWAPS] >= 1 and kinds[REMOVALS] >= 1, steps
    export(cut.clone, "--ram", "6g")
    # A kill may find any state. Ctrl-C is handled in one place, whatever kind of step it meets.
    for at in _telling(steps, first_only=stop == signal.SIGINT):
        code, begun = cut.run("--ram", "4g", at=at, stop=stop)
        where = f"cut before '{steps[at - 1]}'"
        assert code == (130 if stop == signal.SIGINT else -stop), f"{where}: ended in {code}"
        assert len(begun) >= at, where
        now = files_in(cut.out)
        assert now in (old, new), f"{where}: neither the last export nor the new one"
        if stop == signal.SIGINT and not steps[at - 1].startswith(REMOVALS):
            assert cut.beside() == beside, f"{where}: something is left beside it"
        if now == new:
            export(cut.clone, "--ram", "6g")
    export(cut.clone, "--ram", "6g", "--check")


def test_what_a_killed_export_left_beside_the_folder_goes_with_the_next_one(cut: Cut) -> None:
    export(cut.clone, "--ram", "6g")
    beside = cut.beside()
    _, steps = cut.run("--ram", "4g")
    cut.run("--ram", "4g", at=next(n for n in _telling(steps) if steps[n - 1].startswith(WRITES)))
    assert cut.beside() != beside, "nothing was left: this test shows nothing"
    export(cut.clone, "--ram", "6g")
    assert cut.beside() == beside
