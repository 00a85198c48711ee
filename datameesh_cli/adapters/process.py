"""Other programs. The only module that starts them: whatever keeps one from running becomes one line and exit code 3."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datameesh_cli.adapters import clock, files, interrupts
from datameesh_cli.core.stream import Stream
from datameesh_cli.errors import HostError, Stopped

# A group of its own: it is ended as a whole (the docker command runs Compose as a child), and a closing terminal is not
# answered twice. Python 3.10 knows sessions only.
_OWN_GROUP: dict[str, Any] = {"process_group": 0} if sys.version_info >= (3, 11) else {"start_new_session": True}
_PATIENCE = 20.0
Piped = subprocess.Popen[bytes]
"""A program with its standard input and output in our hands."""
_running: set[subprocess.Popen[Any]] = set()


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that ended: its exit code and what it printed."""

    code: int
    out: str
    err: str


def find(program: str) -> str | None:
    """Given a program name, return its path, or None if it is not installed."""
    return files.program(program)


def run(
    command: Sequence[str],
    *,
    stdin: str | None = None,
    timeout: float | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Finished:
    """Given a command, run it to its end and return what came out, whatever its exit code. Without `stdin` it reads nothing.

    Raise HostError if the program cannot be run or takes longer than `timeout` seconds; then it is ended first.
    """
    with _started(
        command,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=env,
        cwd=cwd,
    ) as child:
        try:
            out, err = child.communicate(stdin, timeout)
        except subprocess.TimeoutExpired as slow:
            end(child, patience=2)
            raise _too_slow(command, slow.timeout) from slow
    return Finished(child.returncode, out, err)


def stream(
    command: Sequence[str],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    errors: list[str] | None = None,
    hold: Callable[[subprocess.Popen[Any]], None] | None = None,
) -> Stream[int]:
    """Given a command, yield its lines (both outputs, in order) as they come; the generator's return value is the exit code.

    With `errors`, the lines of standard error are put there instead. Use `code = yield from stream(...)`. When the consumer stops
    early or Ctrl-C arrives, the program is ended first. `hold` gets it, to end it from another thread. Raise HostError if it
    cannot be run.
    """
    with _started(
        command,
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if errors is None else subprocess.PIPE,
        text=True,
        errors="replace",
        env=env,
        cwd=cwd,
    ) as child:
        if hold:
            hold(child)
        # Beside the reading: a program that answers before it has read everything must not stop both sides.
        beside = [threading.Thread(target=_feed, args=(child, stdin), daemon=True)] if stdin is not None else []
        if errors is not None:
            beside.append(threading.Thread(target=_collect, args=(child, errors), daemon=True))
        for thread in beside:
            thread.start()
        assert child.stdout is not None
        for line in child.stdout:
            yield line.rstrip("\n")
        code = child.wait()
        for thread in beside:
            thread.join(1)
        return code


@contextlib.contextmanager
def begun(command: Sequence[str]) -> Iterator[Callable[[], Finished | None]]:
    """Given a command, start it and hand over a function that says what came out, or None while it still runs.

    Whoever leaves early, through a failure or Ctrl-C, ends the program first. Raise HostError if it cannot be run.
    """
    with (
        files.temporary_output() as output,
        _started(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT) as child,
    ):

        def finished() -> Finished | None:
            if child.poll() is None:
                return None
            output.seek(0)
            return Finished(child.returncode, output.read(), "")

        yield finished


def attach(command: Sequence[str], cwd: Path | None = None) -> int:
    """Given a command, run it on the user's own terminal and return its exit code. Raise HostError if it cannot be run."""
    child = _open(command, cwd=cwd)
    try:
        return child.wait()
    except Stopped:
        raise
    except KeyboardInterrupt:
        # The terminal has told the program too: it may have something to clean up.
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_PATIENCE)
        raise
    finally:
        end(child)


def spawn(command: Sequence[str], log: Path) -> int:
    """Given a command, start it in the background in a session of its own, its output appended to `log`; return its pid.

    Raise HostError if it cannot be run or the log cannot be written.
    """
    with files.appending(log) as sink:
        return _open(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True).pid


def pipe(command: Sequence[str]) -> Piped:
    """Given a command, start it with binary stdin and stdout pipes (a tunnel); the caller ends it.

    Raise HostError if it cannot be run.
    """
    return _open(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def end(child: subprocess.Popen[Any], patience: float = _PATIENCE) -> None:
    """Given a program that may still run, ask it to end, and kill it when it has not within `patience` seconds.

    One that leads a group ends with its whole group.
    """
    if child.poll() is None:
        _signal(child, signal.SIGTERM)
        try:
            child.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            _signal(child, signal.SIGKILL)
            child.wait()


@contextlib.contextmanager
def _started(command: Sequence[str], **how: Any) -> Iterator[subprocess.Popen[Any]]:
    """Start a program in a group of its own; it hears the signals that we hear, and has ended when the block is left."""
    child: subprocess.Popen[Any] | None = None
    try:
        # A signal between the start and the note of it would leave the program alone for ever.
        with interrupts.held_back():
            child = _open(command, **how, **_OWN_GROUP)
            _running.add(child)
        yield child
    except BaseException:
        if child:
            end(child)
            _end_rest(child.pid)
        raise
    finally:
        if child:
            _running.discard(child)
            end(child)
            for pipe_end in (child.stdin, child.stdout, child.stderr):
                if pipe_end:
                    with contextlib.suppress(OSError):
                        pipe_end.close()


def _open(command: Sequence[str], **how: Any) -> subprocess.Popen[Any]:
    try:
        return subprocess.Popen(list(command), **how)
    except (OSError, ValueError, subprocess.SubprocessError) as refused:
        raise refusal(command[0], refused, how.get("cwd")) from refused


def refusal(program: str, refused: Exception, cwd: Path | None = None) -> HostError:
    """Given a program, what the system said when it was to be started, and the folder for it, return that as our error."""
    number = refused.errno if isinstance(refused, OSError) else 0
    where = find(program)
    if number == errno.ENOENT and cwd and str(cwd) == str(getattr(refused, "filename", "")):
        return HostError(f"the folder {cwd} is not there", "run the command from a complete checkout")
    if number == errno.ENOENT and not where:
        return HostError(f"'{program}' is not installed", "run: ./dm doctor")
    if number == errno.ENOENT:
        why = "what it needs to run (its interpreter or loader) is missing"
    elif number in (errno.EACCES, errno.EPERM):
        why = "permission denied; it is not executable, or its disk is mounted noexec"
    elif number == errno.ENOEXEC:
        why = "it is not a program for this machine (wrong format)"
    else:
        why = getattr(refused, "strerror", None) or str(refused)
    return HostError(
        f"'{where or program}' cannot be run: {why}", f"install {Path(program).name} again; see: ./dm doctor"
    )


def _too_slow(command: Sequence[str], timeout: float) -> HostError:
    return HostError(f"'{' '.join(command[:3])}' did not end within {timeout:.0f} s", "run: ./dm doctor")


def _signal(child: subprocess.Popen[Any], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(child.pid) == child.pid:
            os.killpg(child.pid, number)
        else:
            child.send_signal(number)


def _end_rest(group: int) -> None:
    """End what a program left behind in its group: a shell's child in the background does not hear Ctrl-C."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGTERM)
        clock.wait_until(lambda: os.killpg(group, 0), 2, every=0.05)
        os.killpg(group, signal.SIGKILL)


def _pass_on(number: int) -> None:
    for child in tuple(_running):
        for one in dict.fromkeys((number, signal.SIGTERM)):
            if child.returncode is None:
                _signal(child, one)


def _feed(child: subprocess.Popen[str], text: str) -> None:
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError, ValueError):
        child.stdin.write(text)
    with contextlib.suppress(BrokenPipeError, ValueError):
        child.stdin.close()


def _collect(child: subprocess.Popen[str], lines: list[str]) -> None:
    assert child.stderr is not None
    with contextlib.suppress(ValueError):
        lines.extend(line.rstrip("\n") for line in child.stderr)


interrupts.hear(_pass_on)
