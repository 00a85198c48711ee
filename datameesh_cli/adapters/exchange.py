"""Two folders change places in one step, where the system can do that."""

from __future__ import annotations

import ctypes
from pathlib import Path

_HERE = -100  # AT_FDCWD: paths count from the working directory, as everywhere
_EXCHANGE, _SWAP = 2, 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS


def exchanged(one: Path, other: Path) -> bool:
    """Given two paths of one file system that exist, let them change places; False, with nothing done, where that is not known."""
    libc = ctypes.CDLL(None, use_errno=True)
    first, second = bytes(one), bytes(other)
    if hasattr(libc, "renameat2"):
        return bool(libc.renameat2(_HERE, first, _HERE, second, _EXCHANGE) == 0)
    if hasattr(libc, "renamex_np"):
        return bool(libc.renamex_np(first, second, _SWAP) == 0)
    return False
