"""A lock that is a file: the system lets go of it when its holder ends, however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from datameesh_cli.adapters.files import explained, read_if_there
from datameesh_cli.errors import HostError


@contextlib.contextmanager
def held(path: Path, holder: str) -> Iterator[str | None]:
    """Given a lock file and who wants it, hold it for the block and hand over None; or who holds it, without waiting for them."""
    with explained("lock", path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            with explained("lock", path):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except HostError as refused:
            if not isinstance(refused.__cause__, BlockingIOError):
                raise
            yield os.read(handle, 200).decode(errors="replace").strip() or "another dm"
            return
        # Who holds it is for the others' messages only: `dm down` must work on a full disk.
        with contextlib.suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{holder}\n".encode(), 0)
        yield None
    finally:
        os.close(handle)


def holder(path: Path) -> str:
    """Given a lock file, return who holds it, "" if nobody does."""
    said = read_if_there(path) or ""
    if not said:
        return ""
    with explained("look at", path), path.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return said.strip()
    return ""
