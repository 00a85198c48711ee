"""Other programs: what came out, and that none is left running behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datameesh_cli.adapters import process
from datameesh_cli.errors import HostError


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _gone(pid: int, within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _alive(pid)


def test_run_returns_code_and_both_outputs() -> None:
    done = process.run(["sh", "-c", "cat; echo oops >&2; exit 3"], stdin="text")
    assert done == process.Finished(3, "text", "oops\n")


@pytest.mark.parametrize("call", [process.run, lambda c: list(process.stream(c)), process.attach])
def test_a_program_that_is_not_there_is_named(call: object) -> None:
    with pytest.raises(HostError, match="'no-such-program' is not installed"):
        call(["no-such-program"])  # type: ignore[operator]


def test_begin_names_a_program_that_is_not_there() -> None:
    with pytest.raises(HostError, match="'no-such-program' is not installed"), process.begun(["no-such-program"]):
        pass


def test_run_gives_up_after_its_timeout() -> None:
    with pytest.raises(HostError, match="did not end within 0 s"):
        process.run(["sleep", "30"], timeout=0.2)


def test_stream_hands_over_lines_as_they_come_and_the_code_at_the_end(tmp_path: Path) -> None:
    script = "echo one; echo two >&2; until [ -e go ]; do sleep 0.02; done; echo three; exit 4"
    lines = process.stream(["sh", "-c", script], cwd=tmp_path)
    assert (next(lines), next(lines)) == ("one", "two")
    (tmp_path / "go").touch()
    assert next(lines) == "three"
    with pytest.raises(StopIteration) as stopped:
        next(lines)
    assert stopped.value.value == 4


def test_stream_feeds_a_program_that_answers_before_it_has_read_everything() -> None:
    text = "".join(f"line {i}\n" for i in range(50_000))
    assert list(process.stream(["cat"], stdin=text)) == text.splitlines()


def test_stream_does_not_mind_a_program_that_reads_nothing() -> None:
    assert list(process.stream(["echo", "done"], stdin="x" * 1_000_000)) == ["done"]


def test_stream_ends_the_program_when_the_reader_leaves_early() -> None:
    lines = process.stream(["sh", "-c", "echo $$; exec sleep 60"])
    pid = int(next(lines))
    assert _alive(pid)
    lines.close()
    assert _gone(pid)


READER = """
import sys
from datameesh_cli.adapters import process
{how}
"""
STREAMING = """
for line in process.stream(["sh", "-c", "echo $$; exec sleep 60"]):
    print(line, flush=True)
"""
BEGUN = """
import time
with process.begun(["sh", "-c", "echo $$ > pid; exec sleep 60"]) as finished:
    while finished() is None:
        time.sleep(0.1)
        print(open("pid").read().strip(), flush=True)
"""


@pytest.mark.parametrize("how", [STREAMING, BEGUN], ids=["stream", "begun"])
def test_ctrl_c_ends_the_program_too(how: str, tmp_path: Path) -> None:
    root = str(Path(__file__).parents[3])
    reader = subprocess.Popen(
        [sys.executable, "-c", READER.format(how=how)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": root},
    )  # fmt: skip
    assert reader.stdout is not None
    pid = int(reader.stdout.readline())
    assert _alive(pid)
    # To the reader alone: a terminal sends it to the whole group, `kill -INT` and supervisors do not.
    reader.send_signal(signal.SIGINT)
    reader.wait(timeout=10)
    assert _gone(pid)


def test_begun_tells_nothing_until_the_end_then_everything() -> None:
    with process.begun(["sh", "-c", "echo out; echo err >&2; sleep 0.2; exit 5"]) as finished:
        assert finished() is None
        while (done := finished()) is None:
            time.sleep(0.02)
    assert done == process.Finished(5, "out\nerr\n", "")


def test_a_program_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    child = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.readline()
    process.end(child, patience=0.3)
    assert child.poll() == -signal.SIGKILL


def test_attach_returns_the_program_s_code() -> None:
    assert process.attach(["sh", "-c", "exit 7"]) == 7


def test_spawn_lets_a_program_live_on_and_keeps_what_it_says(tmp_path: Path) -> None:
    log = tmp_path / "log"
    pid = process.spawn(["sh", "-c", "echo started; exec sleep 60"], log)
    try:
        deadline = time.monotonic() + 5
        while "started" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert log.read_text() == "started\n"
        assert os.getpgid(pid) == pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
