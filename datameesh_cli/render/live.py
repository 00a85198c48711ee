"""What is redrawn at the end of a terminal while something goes on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, TypeVar

from datameesh_cli.render.output import report

Self = TypeVar("Self", bound="LiveView")


class LiveView:
    """A few lines on standard error, redrawn where that is a terminal; they go with the view unless they are to stay."""

    stays = False

    def __init__(self) -> None:
        self._live: Any = None

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_exception: Any) -> None:
        self.close()

    def draw(self, *lines: str, styles: Sequence[str] = ()) -> bool:
        """Given lines and the style of each, show them in place of those before; False, with nothing done, without a terminal."""
        if not sys.stderr.isatty():
            return False
        from rich.text import Text

        # Only now: before the first line another view may be on the terminal.
        if not self._live:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(
                console=Console(stderr=True, highlight=False), refresh_per_second=4, transient=not self.stays
            )
            self._live.__enter__()
        styled = zip(lines, [*styles, *[""] * len(lines)], strict=False)
        self._live.update(Text("\n").join(Text(t, style=s, no_wrap=True, overflow="ellipsis") for t, s in styled))
        return True

    def tell(self, line: str) -> None:
        """Given a line that stays, print it, above the others where they are shown."""
        if self._live:
            self._live.console.print(line, markup=False)
        else:
            report(line)

    def close(self) -> None:
        """End the view; the next `draw` begins another one."""
        if self._live:
            self._live.__exit__(None, None, None)
            self._live = None
