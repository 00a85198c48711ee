"""Files and folders. The only module that touches them: what the system refuses becomes one line and exit code 3."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO, cast

from datameesh_cli.errors import HostError, UserError

_REFUSALS = {
    errno.ENOSPC: ("the disk is full", "free some space, then run the command again"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, then run the command again"),
    errno.EROFS: ("the file system is read-only", "make it writable, then run the command again"),
    errno.EIO: ("the disk does not read or write", "look at the system's log: dmesg"),
    errno.ELOOP: ("a symbolic link is in its place", "remove the link, then run the command again"),
    errno.EMFILE: ("too many files are open", "raise the limit: ulimit -n 4096"),
    errno.EISDIR: ("it is a folder", "move it away, then run the command again"),
    errno.ENOTDIR: ("a file or a link is where a folder should be", "move it away, then run the command again"),
    errno.ENOENT: ("it is not there", "run the command from a complete checkout"),
}
_DENIED = (errno.EACCES, errno.EPERM)
_ABSENT = (errno.ENOENT, errno.ENOTDIR)


def failure(doing: str, path: Path, error: OSError) -> HostError:
    """Given what was being done, to which file, and the system's refusal, return the one line that explains it."""
    number, said = error.errno or 0, error.strerror or str(error)
    if isinstance(error, shutil.Error):  # of a whole tree: the first of its (from, to, text)
        said = str(error.args[0][0][2])
        number = int(said[7:].partition("]")[0]) if said.startswith("[Errno ") else 0
    if number in _DENIED:
        owner = _other_owner(path)
        why = f"permission denied{f', it belongs to {owner}' if owner else ''}"
        hint = "run the command as that user, or give the folder to yourself with chown" if owner else "see: ls -ld"
        return HostError(f"cannot {doing} {path}: {why}", hint)
    why, hint = _REFUSALS.get(number, (said, "see the file, and the system's log"))
    return HostError(f"cannot {doing} {path}: {why}", hint)


@contextlib.contextmanager
def explained(doing: str, path: Path) -> Iterator[None]:
    """Turn every OSError of the block into a HostError; `doing` and the path complete "cannot ..."."""
    try:
        yield
    except OSError as refused:
        raise failure(doing, path, refused) from refused


def _other_owner(path: Path) -> str:
    """Who owns the file, or the nearest folder above it that can be looked at; "" if that is this user."""
    import pwd

    for place in (path, *path.parents):
        try:
            uid = place.stat().st_uid
        except OSError:
            continue
        if uid == os.geteuid():
            return ""
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return f"user {uid}"
    return ""


def read(path: Path) -> str:
    """Given a text file, return its content. Raise HostError if it cannot be read, UserError if it is not UTF-8 text."""
    return _decoded(read_bytes(path), path)


def read_if_there(path: Path) -> str | None:
    """Given a text file, return its content, or None if there is none. Raise as `read` does."""
    try:
        content = path.read_bytes()
    except OSError as refused:
        if refused.errno in _ABSENT:
            return None
        raise failure("read", path, refused) from refused
    return _decoded(content, path)


def read_bytes(path: Path) -> bytes:
    """Given a file, return its content. Raise HostError if it cannot be read."""
    with explained("read", path):
        return path.read_bytes()


@contextlib.contextmanager
def reading(path: Path, *, change: bool = False) -> Iterator[tuple[BinaryIO, int]]:
    """Given a file, hand over its content as a stream, which with `change` also writes, and its size in bytes."""
    with explained("read", path):
        stream: BinaryIO = path.open("r+b" if change else "rb")
    with stream:
        yield stream, os.fstat(stream.fileno()).st_size


@contextlib.contextmanager
def appending(path: Path) -> Iterator[BinaryIO]:
    """Given a file, hand over a stream to its end; it and its folder are made if they are not there."""
    with explained("write", path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stream = path.open("ab")
    with stream:
        yield stream


def write(path: Path, content: str | bytes, *, mode: int = 0o666, durable: bool = False) -> None:
    """Given a file and its content, write it whole or not at all; the folder is there.

    `mode` is cut by the umask where it is the usual 0666, and exact otherwise. With `durable`, it is on the disk, content and
    name, when this returns.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    with explained("write", path):
        try:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                if mode != 0o666:
                    os.fchmod(handle, mode)
                if durable:
                    stream.flush()
                    os.fsync(handle)
            part.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
        if durable:
            _sync_folder(path.parent)


def overwrite(path: Path, content: str) -> None:
    """Given a file of this user that is there, write its content into the same file: who has it mounted sees the new text.

    It is never empty meanwhile, nor shorter than the shorter of both texts; it is on the disk when this returns.
    """
    data, done = content.encode("utf-8"), 0
    with explained("write", path), path.open("r+b", buffering=0) as stream:
        while done < len(data):
            done += stream.write(data[done:])
        stream.truncate(done)
        os.fsync(stream.fileno())


def make_folder(path: Path, *, mode: int = 0o777, durable: bool = False) -> None:
    """Given a folder, make it and those above it, where they are not there yet. Raise HostError if it cannot be used."""
    with explained("make the folder", path):
        made = [p for p in (path, *path.parents) if durable and not p.exists()]
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        for folder in made:
            _sync_folder(folder.parent)


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def set_mode(path: Path, mode: int) -> None:
    """Given a file or folder of this user and a mode, set it."""
    with explained("change the mode of", path):
        path.chmod(mode)


def move(path: Path, target: Path) -> None:
    """Given a path and a new one on the same disk, rename it; a file that is there is replaced."""
    with explained("write", target):
        path.replace(target)


def remove(path: Path) -> None:
    """Given a file, remove it if it is there."""
    with explained("remove", path):
        path.unlink(missing_ok=True)


def remove_folder(path: Path) -> None:
    """Given a folder, remove it with all that is in it; what cannot be removed stays, without complaint."""
    shutil.rmtree(path, ignore_errors=True)


def is_there(path: Path) -> bool:
    """Given a path, say whether something is there. Raise HostError if that cannot be seen."""
    return _mode(path) is not None


def is_file(path: Path) -> bool:
    """Given a path, say whether it leads to a file. Raise HostError if that cannot be seen."""
    return stat.S_ISREG(_mode(path) or 0)


def is_folder(path: Path) -> bool:
    """Given a path, say whether it leads to a folder. Raise HostError if that cannot be seen."""
    return stat.S_ISDIR(_mode(path) or 0)


def is_executable(path: Path) -> bool:
    """Given a file, say whether its owner may run it."""
    return bool((_mode(path) or 0) & 0o100)


def size(path: Path) -> int:
    """Given a file, return its size in bytes."""
    with explained("look at", path):
        return path.stat().st_size


def disk(path: Path) -> tuple[int, int]:
    """Given a path, return how many bytes its disk has free, and the number of that device."""
    with explained("look at", path):
        return shutil.disk_usage(path).free, path.stat().st_dev


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except OSError as refused:
        if refused.errno in _ABSENT or refused.errno == errno.ELOOP:
            return None
        raise failure("look at", path, refused) from refused
    except ValueError:  # a null byte: no file has such a name
        return None


def found(folder: Path, pattern: str) -> tuple[Path, ...]:
    """Given a folder and a pattern (`**/*` for all below it), return the paths that match, sorted; none without the folder."""
    if not is_folder(folder):
        return ()
    with explained("list", folder):
        os.scandir(folder).close()  # `glob` itself takes a folder that it may not look into for an empty one
        return tuple(sorted(folder.glob(pattern)))


def program(name: str) -> str | None:
    """Given a program's name, return the path of the one that would be run, or None."""
    return shutil.which(name)


@contextlib.contextmanager
def temporary_folder(parent: Path | None = None, prefix: str = "datameesh-") -> Iterator[Path]:
    """Hand over a folder that only this user can look into, and remove it afterwards."""
    with explained("make a temporary folder in", parent or Path(tempfile.gettempdir())):
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        yield made
    finally:
        remove_folder(made)


@contextlib.contextmanager
def temporary_output() -> Iterator[IO[str]]:
    """Hand over a nameless text file that a program may write to and that can be read afterwards."""
    with explained("make a temporary file in", Path(tempfile.gettempdir())):
        output = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
    with output:
        yield output


@contextlib.contextmanager
def spool(in_memory: int) -> Iterator[BinaryIO]:
    """Hand over a stream for so many bytes in memory, and the rest in a temporary file."""
    with explained("write a temporary file in", Path(tempfile.gettempdir())):
        with tempfile.SpooledTemporaryFile(in_memory) as stream:
            yield cast(BinaryIO, stream)


def copy_tree(source: Path, target: Path, leave_out: Sequence[str]) -> None:
    """Given a folder and one that is there, copy all but the names in `leave_out`, readable for every user, times kept."""
    with explained("copy", source):
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*leave_out))
        for path in (target, *target.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


def forget_output() -> None:
    """From now on throw away what is printed: nobody can read it any more, and the interpreter's last flush must not fail."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as broken:
        raise UserError(f"{path} is not UTF-8 text", "correct the file and run the command again") from broken
