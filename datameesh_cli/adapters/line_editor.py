"""Lines typed by a person, with editing and a history that outlives the session. The only module that imports readline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from datameesh_cli.adapters import files
from datameesh_cli.errors import HostError

KEPT_LINES = 1000


@contextmanager
def line_editor(history: Path) -> Iterator[None]:
    """Within this block `read_line` can be edited and remembers what was typed, in the file `history`.

    A Python without readline reads plain lines, which is no failure.
    """
    try:
        import readline
    except ImportError:
        yield
        return
    with suppress(OSError):
        readline.read_history_file(history)
    readline.set_history_length(KEPT_LINES)
    try:
        yield
    finally:
        # A history that cannot be kept is no failure of what was asked.
        with suppress(OSError, HostError):
            files.make_folder(history.parent, mode=0o700)
            readline.write_history_file(history)
            files.set_mode(history, 0o600)


def read_line(prompt: str) -> str | None:
    """Given a prompt, return the line that was typed, or None at the end of the input (Ctrl-D)."""
    try:
        return input(prompt)
    except EOFError:
        return None
