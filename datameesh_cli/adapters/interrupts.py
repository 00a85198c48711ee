"""Signals that ask `dm` to end: all are treated as Ctrl-C, and the programs that `dm` runs hear them too.

A terminal sends Ctrl-C to the whole group; `kill`, a supervisor and a closing terminal do not, and programs of ours run in
groups of their own, so that none is left over. So each signal is passed on here.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from datameesh_cli.errors import Stopped

_listeners: list[Callable[[int], None]] = []
_heard: list[int] = []
_holds: list[None] = []
_late: list[int] = []


def hear(listener: Callable[[int], None]) -> None:
    """Given a function, call it with the number of each signal before the work is interrupted."""
    _listeners.append(listener)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """A signal that comes within the block is heard at its end. Blocks are short, or are work that must not be left half-done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _holds.append(None)
    try:
        yield
    finally:
        _holds.pop()
        if _late and not _holds:
            _interrupt(_late.pop(), None)


def treat_as_ctrl_c() -> None:
    """From now on SIGTERM and SIGHUP interrupt the work as Ctrl-C does. What was ignored at the start (nohup) stays ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    if _holds:
        _late.append(number)
        return
    # A terminal that closes sends SIGHUP, its session's end SIGTERM: the second must not break the clean-up after the first.
    # Only Ctrl-C, typed once more by somebody who has no patience, does.
    repeated = bool(_heard) and number != signal.SIGINT
    _heard.append(number)
    if repeated:
        return
    for listener in _listeners:
        listener(number)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Stopped(number)
