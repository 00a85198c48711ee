"""usecases/build_side_by_side: what runs beside what, and how it ends."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from datameesh_cli.adapters import process
from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.adapters.held import Held
from datameesh_cli.core.build_output import BuildState
from datameesh_cli.core.images import ImageSource
from datameesh_cli.errors import HostError
from datameesh_cli.usecases.build_side_by_side import AT_ONCE, Hear, build_side_by_side

WORLD = adapters_for()

BASE = ImageSource("base", "1")
A, B, C, D = (ImageSource(name, "1", ("datameesh/base:1",)) for name in "abcd")
LAST = ImageSource("last", "1", ("datameesh/a:1", "datameesh/b:1"))


def test_children_run_at_the_same_time_and_never_before_their_parents() -> None:
    order: list[str] = []
    together = threading.Barrier(AT_ONCE, timeout=10)
    running: list[str] = []
    most = 0

    def work(image: ImageSource, hear: Hear, held: Held) -> None:
        nonlocal most
        order.append(f"{image.name} begins")
        running.append(image.name)
        most = max(most, len(running))
        if image.name in "abc":
            together.wait()  # ends in an error unless three are here at once
        running.remove(image.name)
        order.append(f"{image.name} ends")

    done: list[str] = []
    build_side_by_side(WORLD, (BASE, A, B, C, D, LAST), work, lambda _: None, lambda image, _: done.append(image.name))
    assert sorted(done) == ["a", "b", "base", "c", "d", "last"]
    assert order[:2] == ["base begins", "base ends"]
    assert order.index("last begins") > max(order.index("a ends"), order.index("b ends"))
    assert most == AT_ONCE == 3


def test_the_watcher_hears_what_is_done_and_how_many_are_left() -> None:
    states: list[BuildState] = []

    def work(image: ImageSource, hear: Hear, held: Held) -> None:
        hear("#1 1.0 Unpacking git (1)")
        hear("#1 1.1 a line that says nothing")
        deadline = time.monotonic() + 10
        while not any(b.doing == "unpacking git" for s in states for b in s.running if b.image == image.name):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    build_side_by_side(WORLD, (BASE, A), work, states.append, lambda *_: None)
    assert {s.left for s in states} == {2, 1, 0}
    assert {s.total for s in states} == {2}
    assert states[-1].running == ()


def _waits(image: ImageSource, hear: Hear, held: Held) -> None:
    """A build that would take an hour."""
    for line in process.stream(
        [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(3600)"], hold=held.add
    ):
        hear(line)


def test_the_first_failure_ends_the_other_builds() -> None:
    up = threading.Event()

    def work(image: ImageSource, hear: Hear, held: Held) -> None:
        if image is A:
            _waits(image, lambda _: up.set(), held)
        assert up.wait(10)
        raise HostError("b is broken", "mend it")

    began = time.monotonic()
    with pytest.raises(HostError, match="b is broken"):
        build_side_by_side(WORLD, (A, B), work, lambda _: None, lambda *_: None)
    assert time.monotonic() - began < 15


def test_ctrl_c_ends_the_builds() -> None:
    def interrupted(state: BuildState) -> None:
        if state.seconds > 0.5:
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        build_side_by_side(WORLD, (A, B), _waits, interrupted, lambda *_: None)
    assert time.monotonic() - began < 15
