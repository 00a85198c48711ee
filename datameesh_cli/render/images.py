"""`dm images` as text."""

from __future__ import annotations

from collections.abc import Sequence

from datameesh_cli.core.build_output import BuildState
from datameesh_cli.render.live import LiveView
from datameesh_cli.render.output import print_line, print_table, report
from datameesh_cli.usecases.build_images import Built, ImageRow
from datameesh_cli.usecases.carry_images import Bundle

_EVERY = 10.0
"""Seconds between two lines where there is no terminal to redraw."""


class BuildProgress(LiveView):
    """How far builds are: on a terminal a line for each that runs, redrawn; elsewhere a line every ten seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._said = 0.0

    def watch(self, state: BuildState) -> None:
        """Given how far all builds are, show it; when none is left the view makes room for the next."""
        rows = [f"  {b.image:<16} {clock_time(b.seconds):>9}  {b.doing}" for b in state.running]
        if not state.left:
            self.close()
        elif not self.draw(*rows, f"  {_sum(state)}") and state.seconds - self._said >= _EVERY and state.running:
            self._said = state.seconds
            report(f"  {_sum(state)}: " + "; ".join(f"{b.image} {b.doing}".strip() for b in state.running))

    def done(self, built: Built) -> None:
        """Given an image that is ready, print its line."""
        state = f"built in {clock_time(built.seconds)}" if built.built else "up to date"
        self.tell(f"  {built.reference:<32} {state} ({built.size} MiB)")


def _sum(state: BuildState) -> str:
    left = "1 image left" if state.left == 1 else f"{state.left} of {state.total} images left"
    return f"{clock_time(state.seconds)}, {left}"


def clock_time(seconds: float) -> str:
    """Given seconds, return them as people say them: 48 s, 2 min 05 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def print_built(built: Sequence[Built]) -> None:
    """Given what was asked for, print the sum."""
    made = [b for b in built if b.built]
    rest = len(built) - len(made)
    if not made:
        print_line(f"nothing to do: {rest} up to date")
        return
    also = f"; {rest} up to date already" if rest else ""
    print_line(f"{len(made)} built{also}")


def print_images(rows: Sequence[ImageRow]) -> None:
    """Given the images, print a line for each."""
    columns = ["image", "version", "size MiB", "state", "built from", "created"]
    cells = [
        (r.name, r.version, r.size or "", r.state, ", ".join(p.split("@")[0] for p in r.built_from), r.created[:16])
        for r in rows
    ]
    print_table(columns, cells, right=["size MiB"])


def print_bundle(bundle: Bundle, verb: str) -> None:
    """Given a bundle that was written or read, print what is in it."""
    print_line(f"{verb} {len(bundle.images)} images, {bundle.size} MiB: {bundle.file}")
