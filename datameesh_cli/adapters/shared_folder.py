"""A folder that a container's own user writes to, so that everybody may: whatever lies in it is foreign.

Root's `dm` makes and reads it. A link that a job planted there would lead it to any file of the machine, so nothing is
reached by a path: each step goes from the folder that is open already, and no link is followed.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from datameesh_cli.adapters.files import explained
from datameesh_cli.errors import HostError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_EVERYBODY = 0o777
_LARGEST = 256 * 2**20


def make(trusted: Path, *below: str) -> None:
    """Given a folder that only this user reaches, and names, make the folders one below the other, writable for everybody.

    Raise HostError if something else than a folder is in a place.
    """
    with _opened(trusted, below, create=True):
        pass


def read(trusted: Path, *names: str) -> bytes | None:
    """Given a folder that only this user reaches, and names that lead to a file, return its content, or None if there is none.

    Raise HostError if a link or anything else than a file is in its place.
    """
    *below, name = names
    path = trusted.joinpath(*names)
    try:
        with _opened(trusted, tuple(below), create=False) as folder:
            # Not blocking: a named pipe would keep us waiting for ever.
            with explained("read", path):
                handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            with os.fdopen(handle, "rb") as stream:
                _refuse_odd(path, os.fstat(handle))
                with explained("read", path):
                    return stream.read()
    except HostError as refused:
        if isinstance(refused.__cause__, FileNotFoundError):
            return None
        raise


@contextlib.contextmanager
def _opened(trusted: Path, below: tuple[str, ...], *, create: bool) -> Iterator[int]:
    with explained("open", trusted):
        handle = os.open(trusted, os.O_RDONLY | os.O_DIRECTORY)
    path = trusted
    try:
        for name in below:
            path = path / name
            with explained("use the folder", path):
                if create:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(name, _EVERYBODY, dir_fd=handle)
                inner = os.open(name, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = inner
            if create and stat.S_IMODE(os.fstat(handle).st_mode) != _EVERYBODY:
                with explained("change the mode of", path):
                    os.fchmod(handle, _EVERYBODY)
        yield handle
    finally:
        os.close(handle)


def _refuse_odd(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise HostError(f"{path} is no file", "remove it, then run the command again")
    if found.st_size > _LARGEST:
        raise HostError(f"{path} is larger than anything that a job writes", "remove it, then run the command again")
