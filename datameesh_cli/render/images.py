"""`dm images` as text."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from datameesh_cli.render.output import print_line, print_table, say
from datameesh_cli.usecases.build_images import Built, Bundle, ImageRow

_STEP = re.compile(r"^#\d+ \[(?:image )?(.+)$")


class BuildProgress:
    """The progress of a build: a line per image when it begins and ends; on a terminal the step that runs, too."""

    def __init__(self) -> None:
        self._current = ""
        self._step = ""
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> BuildProgress:
        return self

    def __exit__(self, *_exception: Any) -> None:
        self._wipe()

    def watch(self, image: str, line: str, seconds: float) -> None:
        """Given an image and a line of its build output, show what is new."""
        if image != self._current:
            self._current, self._step = image, ""
            if not self._terminal:
                say(f"  {image} ...")
        if self._terminal:
            step = _STEP.match(line)
            if step and not step[1].startswith("internal]"):
                self._step = step[1]
            elif not line.startswith("#") and line.strip():
                self._step = line.strip()
            text = f"  {image} {seconds:4.0f} s  [{self._step}" if self._step else f"  {image} {seconds:4.0f} s"
            sys.stderr.write("\r\x1b[K" + text[: _columns() - 1])
            sys.stderr.flush()

    def done(self, built: Built) -> None:
        """Given an image that is ready, print its line."""
        self._wipe()
        state = f"built in {built.seconds:.1f} s" if built.built else "up to date"
        say(f"  {built.reference:<32} {state} ({built.size} MiB)")

    def _wipe(self) -> None:
        if self._terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        return 80


def print_built(built: Sequence[Built]) -> None:
    """Given what was asked for, print the sum."""
    made = [b for b in built if b.built]
    rest = len(built) - len(made)
    if not made:
        print_line(f"nothing to do: {rest} up to date")
        return
    also = f"; {rest} up to date already" if rest else ""
    print_line(f"{len(made)} built in {sum(b.seconds for b in made):.1f} s{also}")


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
