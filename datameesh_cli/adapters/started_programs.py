"""Every program that is started, told as it starts: by `process`, or by a library that starts its own."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any

_LOGIN = re.compile(r"//[^/\s'\"]*@")
_NAME = r"\w*(?:password|passwd|secret|token|access[-_]?key)\w*="
# A word that is an assignment goes to its end; inside a longer text the value ends with the next space or quote.
_SECRET_VALUE = re.compile(rf"(?is)(^{_NAME}.+|\b{_NAME}[^\s'\"]+)")


def show_commands(show: Callable[[str], None]) -> None:
    """From now on give `show` a line for each program that is started, without the secrets in it."""

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen":
            show(without_secrets(list(map(str, arguments[1]))))

    # Python tells of each start, whoever asks for it, so no start can be forgotten here.
    sys.addaudithook(heard)


def without_secrets(words: Sequence[str]) -> str:
    """Given a command, return it as a line. HIDDEN stands for a login in an address, and for what a name of a secret is set to."""
    return shlex.join(_SECRET_VALUE.sub(_name_only, _LOGIN.sub("//HIDDEN@", word)) for word in words)


def _name_only(assignment: re.Match[str]) -> str:
    return assignment[0].split("=")[0] + "=HIDDEN"
