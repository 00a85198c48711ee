"""The errors a user may see. Each says what is wrong, what to do next, and which exit code it ends in.

Exit codes: 1 a bug (shown with its traceback), 2 the user's input, 3 the host (no engine, port taken, no memory),
4 an unhealthy stack. Only `cli` catches these and exits.
"""

from __future__ import annotations


class DmError(Exception):
    """A failure that is explained to the user in one line, with the next step.

    `message` says what is wrong and where; `hint` is what to do about it ("" when the message already says so).
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UserError(DmError):
    """The user's input, or a file the user wrote, is wrong. Nothing was changed."""

    exit_code = 2


class SqlError(UserError):
    """Trino refused a statement because of what it says. `line` and `column` count from 1 inside it; 0 if Trino names no place.
    `name` is Trino's own, such as `TABLE_NOT_FOUND`."""

    def __init__(self, message: str, hint: str = "", line: int = 0, column: int = 0, name: str = "") -> None:
        super().__init__(message, hint)
        self.name = name
        self.line = line
        self.column = column


class HostError(DmError):
    """The machine lacks something: an engine, a free port, memory, an image."""

    exit_code = 3


class UnhealthyError(DmError):
    """The stack is there but does not do what it should."""

    exit_code = 4


class NetworkHeldError(UnhealthyError):
    """The engine does not remove a network, because it counts somebody on it."""


class Stopped(KeyboardInterrupt):
    """A signal that asks the program to end (SIGTERM, SIGHUP): whatever cleans up after Ctrl-C does so after these too."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
