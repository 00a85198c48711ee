"""Builds beside each other: what waits for the network runs beside what needs the processors."""

from __future__ import annotations

import queue
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datameesh_cli.core.build_output import Building, BuildState, doing
from datameesh_cli.core.images import ImageSource, next_builds

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters, Clock
    from datameesh_cli.adapters.held import Held

AT_ONCE = 3
"""One that computes, one that downloads, and one for the gaps of both. More only take memory: a Go build 2 GB, Maven 0.3."""

_LOOK = 1.0

Work = Callable[[ImageSource, "Hear", "Held"], None]
"""Builds one image, in a thread of its own; what it starts is held, so that it can be ended."""

Hear = Callable[[str], None]
Watch = Callable[[BuildState], None]
Done = Callable[[ImageSource, float], None]


@dataclass(frozen=True, slots=True)
class _Event:
    """A line of an image's build, or its end (`line` None) with what went wrong."""

    image: ImageSource
    line: str | None
    failure: BaseException | None = None


def build_side_by_side(adapters: Adapters, todo: Sequence[ImageSource], work: Work, watch: Watch, done: Done) -> None:
    """Given images in build order, build each as soon as those that it is built from are ready, a few at a time.

    `watch` hears of every new thing that a build does and once a second, at last that none is left; `done` of each image and
    its seconds; both in this thread. The first failure ends the other builds and is raised; so does Ctrl-C. What was built stays.
    """
    events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
    held = adapters.held()
    state = _State(adapters.clock, todo)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            while state.left:
                for image in next_builds(todo, state.running, state.ready, AT_ONCE):
                    state.begin(image)
                    pool.submit(_run, image, work, held, events.put)
                watch(state.shown())
                for event in _heard(events):
                    if event.line is not None:
                        state.hear(event.image, event.line)
                        continue
                    if event.failure:
                        raise event.failure
                    done(event.image, state.end(event.image))
            watch(state.shown())
        finally:
            held.end()


class _State:
    """What runs since when and does what, and what is ready."""

    def __init__(self, clock: Clock, todo: Iterable[ImageSource]) -> None:
        self._clock = clock
        self._began = clock.now()
        self._total = self.left = len(tuple(todo))
        self._since: dict[ImageSource, float] = {}
        self._doing: dict[ImageSource, str] = {}
        self.ready: set[ImageSource] = set()

    @property
    def running(self) -> tuple[ImageSource, ...]:
        """The images that are being built."""
        return tuple(self._since)

    def begin(self, image: ImageSource) -> None:
        """An image's build begins."""
        self._since[image] = self._clock.now()

    def hear(self, image: ImageSource, line: str) -> None:
        """A line of its output; most say nothing new."""
        self._doing[image] = doing(line) or self._doing.get(image, "")

    def end(self, image: ImageSource) -> float:
        """An image is ready; return the seconds that it took."""
        self.ready.add(image)
        self.left -= 1
        return self._clock.now() - self._since.pop(image)

    def shown(self) -> BuildState:
        """All of it at this moment."""
        now = self._clock.now()
        running = tuple(Building(i.name, now - began, self._doing.get(i, "")) for i, began in self._since.items())
        return BuildState(running, self.left, self._total, now - self._began)


def _run(image: ImageSource, work: Work, held: Held, tell: Callable[[_Event], None]) -> None:
    try:
        work(image, lambda line: tell(_Event(image, line)), held)
    except BaseException as failure:
        tell(_Event(image, None, failure))
    else:
        tell(_Event(image, None))


def _heard(events: queue.SimpleQueue[_Event]) -> Generator[_Event, None, None]:
    """Yield what was said since the last look; wait for it for one look at most."""
    try:
        yield events.get(timeout=_LOOK)
        while True:
            yield events.get_nowait()
    except queue.Empty:
        return
