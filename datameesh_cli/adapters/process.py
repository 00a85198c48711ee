"""Other programs. The only module that imports subprocess."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datameesh_cli.errors import HostError


class Held:
    """Programs that are read in threads of their own, for the one who waits for all of them and may have to end them."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[Any]] = []
        self._ended = False
        self._lock = threading.Lock()

    def add(self, child: subprocess.Popen[Any]) -> None:
        """Given a program that was started, hold it; if the others were ended already, it is ended too."""
        with self._lock:
            self._children.append(child)
            ended = self._ended
        if ended:
            end(child)

    def end(self) -> None:
        """End every program that still runs. The threads that read them come to an end by it."""
        with self._lock:
            self._ended = True
            children = tuple(self._children)
        for child in children:
            if child.poll() is None:
                child.terminate()
        for child in children:
            end(child)


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that ended: its exit code and what it printed."""

    code: int
    out: str
    err: str


def find(program: str) -> str | None:
    """Given a program name, return its path, or None if it is not installed."""
    return shutil.which(program)


def run(
    command: Sequence[str],
    *,
    stdin: str | None = None,
    timeout: float | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Finished:
    """Given a command, run it to its end and return what came out, whatever its exit code.

    Raise HostError if the program is not there or takes longer than `timeout` seconds.
    """
    try:
        done = subprocess.run(
            list(command),
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            env=env,
            cwd=cwd,
        )
    except FileNotFoundError as missing:
        raise HostError(f"'{command[0]}' is not installed", "run: ./dm doctor") from missing
    except subprocess.TimeoutExpired as slow:
        raise HostError(f"'{' '.join(command[:3])}' did not end within {timeout:.0f} s", "run: ./dm doctor") from slow
    return Finished(done.returncode, done.stdout, done.stderr)


def stream(
    command: Sequence[str],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    held: Held | None = None,
) -> Generator[str, None, int]:
    """Given a command, yield its lines (both outputs, in order) as they come; the generator's return value is the exit code.

    Use `code = yield from stream(...)`. When the consumer stops early or Ctrl-C arrives, the program is ended first;
    `held` can end it from another thread.
    Raise HostError if the program is not there.
    """
    try:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=env,
            cwd=cwd,
        )
    except FileNotFoundError as missing:
        raise HostError(f"'{command[0]}' is not installed", "run: ./dm doctor") from missing
    try:
        if held:
            held.add(child)
        if stdin is not None:
            # Beside the reading: a program that answers before it has read everything must not stop both sides.
            threading.Thread(target=_feed, args=(child, stdin), daemon=True).start()
        assert child.stdout is not None
        for line in child.stdout:
            yield line.rstrip("\n")
        return child.wait()
    finally:
        end(child)


@contextlib.contextmanager
def begun(command: Sequence[str]) -> Iterator[Callable[[], Finished | None]]:
    """Given a command, start it and hand over a function that says what came out, or None while it still runs.

    Whoever leaves early, through a failure or Ctrl-C, ends the program first. Raise HostError if it is not there.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        try:
            child = subprocess.Popen(list(command), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        except FileNotFoundError as missing:
            raise HostError(f"'{command[0]}' is not installed", "run: ./dm doctor") from missing

        def finished() -> Finished | None:
            if child.poll() is None:
                return None
            output.seek(0)
            return Finished(child.returncode, output.read(), "")

        try:
            yield finished
        finally:
            end(child)


def _feed(child: subprocess.Popen[str], text: str) -> None:
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(text)
    with contextlib.suppress(BrokenPipeError):
        child.stdin.close()


def end(child: subprocess.Popen[Any], patience: float = 20) -> None:
    """Given a program that may still run, ask it to end, and kill it when it has not within `patience` seconds."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def attach(command: Sequence[str], cwd: Path | None = None) -> int:
    """Given a command, run it on the user's own terminal and return its exit code."""
    try:
        return subprocess.call(list(command), cwd=cwd)
    except FileNotFoundError as missing:
        raise HostError(f"'{command[0]}' is not installed", "run: ./dm doctor") from missing


def spawn(command: Sequence[str], log: Path) -> int:
    """Given a command, start it in the background in a session of its own, its output appended to `log`; return its pid."""
    with log.open("ab") as sink:
        child = subprocess.Popen(
            list(command), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True
        )
    return child.pid


def pipe(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Given a command, start it with binary stdin and stdout pipes (a relay); the caller ends it."""
    return subprocess.Popen(list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
