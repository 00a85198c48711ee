"""Lines that come while something runs, and the result that it ends with."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

T = TypeVar("T")
Stream = Generator[str, None, T]
"""Yields lines and returns what they end with: of a program, its exit code."""
Report = Callable[[str], None]
"""Is told what happens, a line a step, while something long goes on."""


def heard(stream: Stream[T], hear: Callable[[str], object]) -> T:
    """Given a stream, hand every line to `hear` and return what the stream returns."""
    while True:
        try:
            hear(next(stream))
        except StopIteration as end:
            result: T = end.value
            return result
