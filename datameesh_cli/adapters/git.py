"""git: what is changed in the checkout."""

from __future__ import annotations

from pathlib import Path

from datameesh_cli.adapters import process
from datameesh_cli.errors import UserError


def changed(root: Path, base: str) -> tuple[str, ...]:
    """Given the checkout and a commit, return the paths that differ from where its way and ours parted, new files included.

    Raise UserError if there is no such commit.
    """
    parted = _git(root, "merge-base", base, "HEAD").strip()
    said = [_git(root, "diff", "--name-only", "--no-renames", "-z", parted)]
    said.append(_git(root, "ls-files", "--others", "--exclude-standard", "-z"))
    return tuple(sorted({name for text in said for name in text.split("\0") if name}))


def _git(root: Path, *args: str) -> str:
    # A checkout of another user is read all the same: nothing of it is run.
    done = process.run(["git", "-c", "safe.directory=*", "-C", str(root), *args], timeout=60)
    if done.code:
        reason = (done.err.strip().splitlines() or ["git failed"])[-1]
        raise UserError(f"what is changed is not known: {reason}", "name a commit: --base main")
    return done.out
