"""The one exception of these scripts."""

from __future__ import annotations


class Failure(Exception):
    """What went wrong, and what to do about it. `skip` says that nothing was tried: the machine lacks something."""

    def __init__(self, message: str, hint: str = "", *, skip: bool = False) -> None:
        super().__init__(message)
        self.hint = hint
        self.skip = skip
