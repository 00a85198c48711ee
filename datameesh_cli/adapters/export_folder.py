"""The folder of an export, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from datameesh_cli.adapters.exchange import exchanged
from datameesh_cli.core.k8s.source import File
from datameesh_cli.errors import HostError, UserError

REPORT = "export-report.json"


def read(folder: Path) -> dict[str, str] | None:
    """Given a folder, return the files of the export in it by path, or None if there is none."""
    if not (folder / REPORT).is_file():
        return None
    return {str(p.relative_to(folder)): p.read_text(encoding="utf-8") for p in sorted(folder.rglob("*")) if p.is_file()}


def refuse_foreign(folder: Path) -> None:
    """Given the folder that an export would replace, raise UserError if it holds something that is not an export."""
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / REPORT).is_file())):
        raise UserError(f"{folder} is there and is no export", "name another folder: --out FOLDER")


def replace(folder: Path, files: Mapping[str, str]) -> None:
    """Given a folder and files by path, make the folder hold exactly these. Raise HostError; then it is as it was before.

    Whenever it is ended, the folder is the last one or the new one, where the system lets two folders change places in one step.
    """
    refuse_foreign(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(folder)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-{os.getpid()}-", dir=folder.parent))
    except OSError as failed:
        raise _failure(folder, failed) from failed
    old = fresh.with_name(fresh.name + ".old")
    try:
        fresh.chmod(0o755)
        for path, text in files.items():
            (fresh / path).parent.mkdir(exist_ok=True)
            (fresh / path).write_text(text, encoding="utf-8")
        if not folder.exists() or not exchanged(fresh, folder):
            if folder.exists():
                folder.rename(old)
            fresh.rename(folder)
    except OSError as failed:
        raise _failure(folder, failed) from failed
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _remove_leftovers(folder: Path) -> None:
    """Remove what an export that was killed left beside the folder; what one makes that still runs is none of it."""
    for path in folder.parent.glob(f".{folder.name}-*"):
        process = path.name.removeprefix(f".{folder.name}-").partition("-")[0]
        if process.isdigit() and not _runs(int(process)):
            shutil.rmtree(path, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextlib.contextmanager
def scratch(text: str) -> Iterator[Path]:
    """Given text, hand over a file of it that only this user can read, and remove it afterwards."""
    handle, name = tempfile.mkstemp(prefix="datameesh-", suffix=".env")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _failure(folder: Path, error: OSError) -> HostError:
    return HostError(f"cannot write {folder}: {error.strerror}", "name a folder that can be written: --out FOLDER")


def read_files(path: Path, what: str) -> tuple[File, ...]:
    """Given a file or a folder, return its files: one with the path "", or all of the folder, sorted by path.

    Raise UserError, naming `what` it is for, for something else (a socket, nothing) or a file that cannot be read.
    """
    try:
        if path.is_file():
            return (_file("", path),)
        if path.is_dir():
            found = [(str(p.relative_to(path)), p) for p in sorted(path.rglob("*")) if not p.is_dir()]
            odd = [name for name, p in found if not p.is_file()]
            if odd or not found:
                why = f"{odd[0]} in it is no file" if odd else "it is empty"
                raise UserError(
                    f"{what}: {path} cannot become a ConfigMap: {why}", "mount files and folders of files only"
                )
            return tuple(_file(name, p) for name, p in found)
    except OSError as failed:
        raise UserError(f"{what}: {path} cannot be read: {failed.strerror}", "check the path") from failed
    why = "is no file and no folder" if path.exists() else "is not there"
    raise UserError(f"{what}: {path} {why}", "mount files and folders of the checkout only")


def _file(name: str, path: Path) -> File:
    return File(name, path.read_bytes(), bool(path.stat().st_mode & 0o100))
