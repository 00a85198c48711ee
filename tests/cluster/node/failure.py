"""How these scripts end other than well."""

from __future__ import annotations

import signal
from typing import Any


class Failure(Exception):
    """What went wrong, and what to do about it. `skip` says that nothing was tried: the machine lacks something."""

    def __init__(self, message: str, hint: str = "", *, skip: bool = False) -> None:
        super().__init__(message)
        self.hint = hint
        self.skip = skip


def heed_signals() -> None:
    """A request to end is an interruption, from wherever it comes: what was begun is undone.

    A shell hands an ignored SIGINT to what it starts in the background, so that one is set again too."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
