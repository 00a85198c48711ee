"""Signals that ask `dm` to end: each ends it as Ctrl-C does, with all programs that it started, and in 128 and its number."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# A command in place of `dm urls`: it runs a program that, as the docker command does, has its work done by a child.
DM = """
import sys, types, typer
from datameesh_cli.adapters import process
from datameesh_cli import __main__ as main
module = types.ModuleType("datameesh_cli.commands.urls")
module.app = typer.Typer()

@module.app.command()
def urls() -> None:
    try:
        {body}
    finally:
        open("cleaned", "w").close()

sys.modules[module.__name__] = module
sys.argv = ["dm", "urls"]
main.main()
"""
PROGRAM = '["sh", "-c", "sleep 60 & echo $! $$ > pids; wait"]'
WAYS = {
    "stream": f"list(process.stream({PROGRAM}))",
    "run": f"process.run({PROGRAM})",
    "begun": f"""
        import time
        with process.begun({PROGRAM}) as finished:
            while finished() is None: time.sleep(0.05)""",
    "attach": 'process.attach(["sh", "-c", "echo $$ $$ > pids; exec sleep 60"])',
    "thread": f"""
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(1) as beside: beside.submit(process.run, {PROGRAM}).result()""",
}
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def _begin(folder: Path, body: str, **how: object) -> subprocess.Popen[str]:
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    code = DM.format(body=body)
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-c", code], cwd=folder, env=env, stderr=subprocess.PIPE, text=True, **how
    )


def _pids(folder: Path, within: float = 30) -> list[int]:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if (folder / "pids").exists() and (text := (folder / "pids").read_text().split()):
            return [int(word) for word in text]
        time.sleep(0.05)
    raise AssertionError("the program never began")


def _alive(pid: int) -> bool:
    """Whether a process still works; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _gone(pids: list[int], within: float = 10) -> bool:
    deadline = time.monotonic() + within
    while any(map(_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(_alive, pids))


@pytest.mark.parametrize("number", SIGNALS, ids=lambda n: n.name)
@pytest.mark.parametrize("way", WAYS)
def test_a_signal_ends_dm_and_every_program_of_it(tmp_path: Path, way: str, number: signal.Signals) -> None:
    dm = _begin(tmp_path, WAYS[way])
    pids = _pids(tmp_path)
    assert all(map(_alive, pids))
    if way == "attach" and number == signal.SIGINT:
        os.kill(pids[0], number)  # a terminal tells both
    dm.send_signal(number)
    _, err = dm.communicate(timeout=60)
    assert dm.returncode == 128 + number, err
    by = "Ctrl-C" if number == signal.SIGINT else number.name
    assert err == f"error: stopped by {by}\nhint: what was done stays valid; run the same command again to go on\n"
    assert (tmp_path / "cleaned").exists()
    assert _gone(pids)


def test_a_second_signal_of_a_closing_session_does_not_break_the_clean_up(tmp_path: Path) -> None:
    slow = '["sh", "-c", "trap \\"sleep 1; echo > done; exit 0\\" TERM INT HUP; echo $$ > pids; while :; do sleep 0.1; done"]'
    dm = _begin(tmp_path, f"list(process.stream({slow}))")
    _pids(tmp_path)
    dm.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    dm.send_signal(signal.SIGTERM)
    _, err = dm.communicate(timeout=60)
    assert (dm.returncode, "Traceback" in err) == (129, False)
    assert (tmp_path / "done").exists()


def test_what_was_told_to_outlive_its_terminal_does(tmp_path: Path) -> None:
    """nohup: SIGHUP is ignored when dm starts, and stays so."""
    body = 'process.run(["sh", "-c", "echo $$ > pids; sleep 1; echo > done"])'
    dm = _begin(tmp_path, body, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    _pids(tmp_path)
    dm.send_signal(signal.SIGHUP)
    assert dm.wait(timeout=60) == 0
    assert (tmp_path / "done").exists()
    assert dm.stderr is not None
    dm.stderr.close()


def test_a_signal_while_a_program_is_being_started_ends_it_too(tmp_path: Path) -> None:
    """The moment between the start of a program and the note that it runs: the signal comes exactly there."""
    body = f"""
        import os, signal, subprocess, time
        begin = subprocess.Popen.__init__
        def interrupted(self, *args, **how):
            begin(self, *args, **how)
            while not os.path.exists("pids") or not open("pids").read().split()[1:]: time.sleep(0.02)
            os.kill(os.getpid(), signal.SIGTERM)
        subprocess.Popen.__init__ = interrupted
        process.run({PROGRAM})"""
    dm = _begin(tmp_path, body)
    _, err = dm.communicate(timeout=60)
    assert dm.returncode == 143, err
    assert _gone(_pids(tmp_path))
