"""The folder of an export, whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from datameesh_cli.adapters import files, yaml_text
from datameesh_cli.adapters.exchange import exchanged
from datameesh_cli.core.k8s.objects import Objects
from datameesh_cli.core.k8s.packaging import is_kustomization
from datameesh_cli.core.k8s.source import File
from datameesh_cli.errors import UserError

REPORT = "export-report.json"


def texts(layout: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, str]:
    """Given YAML documents by path and the report, return the texts of the export's files by path."""
    said = json.dumps(report, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    return {path: yaml_text.dump_all(documents) for path, documents in layout.items()} | {REPORT: said}


def objects(texts: Mapping[str, str]) -> Objects:
    """Given the texts of an export by path, return the objects in them. Raise UserError for text that is no YAML."""
    found = []
    for path, text in sorted(texts.items()):
        if path.endswith(".yaml"):
            try:
                documents = yaml_text.load_all(text)
            except yaml_text.BrokenYaml as broken:
                raise UserError(f"{path}: {broken.problem}", "make the export again: dm k8s-export") from broken
            found += [d for d in documents if d and not is_kustomization(d)]
    return tuple(found)


def read(folder: Path) -> dict[str, str] | None:
    """Given a folder, return the files of the export in it by path, or None if there is none."""
    if not files.is_file(folder / REPORT):
        return None
    return {str(p.relative_to(folder)): files.read(p) for p in files.found(folder, "**/*") if files.is_file(p)}


def refuse_foreign(folder: Path) -> None:
    """Given the folder that an export would replace, raise UserError if it holds something that is not an export."""
    foreign = files.is_there(folder) and not files.is_folder(folder)
    if foreign or (files.found(folder, "*") and not files.is_file(folder / REPORT)):
        raise UserError(f"{folder} is there and is no export", "name another folder: --out FOLDER")


def replace(folder: Path, content: Mapping[str, str]) -> None:
    """Given a folder and texts by path, make the folder hold exactly these. Raise HostError; then it is as it was before.

    Whenever it is ended, the folder is the last one or the new one, where the system lets two folders change places in one step.
    """
    refuse_foreign(folder)
    files.make_folder(folder.parent)
    _remove_leftovers(folder)
    with files.temporary_folder(folder.parent, f".{folder.name}-{os.getpid()}-") as beside:
        fresh, old = beside / "fresh", beside / "old"
        for path, text in content.items():
            files.make_folder((fresh / path).parent)
            files.write(fresh / path, text)
        files.set_mode(fresh, 0o755)
        if files.is_there(folder) and exchanged(fresh, folder):
            return
        try:
            if files.is_there(folder):
                files.move(folder, old)
            files.move(fresh, folder)
        except BaseException:
            if files.is_there(old) and not files.is_there(folder):
                files.move(old, folder)
            raise


def _remove_leftovers(folder: Path) -> None:
    """Remove what an export that was killed left beside the folder; what one makes that still runs is none of it."""
    for path in files.found(folder.parent, f".{folder.name}-*"):
        process = path.name.removeprefix(f".{folder.name}-").partition("-")[0]
        # Where the system does not list its processes so, nobody knows, and it stays.
        if process.isdigit() and files.is_there(Path("/proc/self")) and not files.is_there(Path("/proc", process)):
            files.remove_folder(path)


@contextlib.contextmanager
def scratch(text: str) -> Iterator[Path]:
    """Given text, hand over a file of it that only this user can read, and remove it afterwards."""
    with files.temporary_folder() as folder:
        files.write(folder / "scratch.env", text, mode=0o600)
        yield folder / "scratch.env"


def read_files(path: Path, what: str) -> tuple[File, ...]:
    """Given a file or a folder, return its files: one with the path "", or all of the folder, sorted by path.

    Raise UserError, naming `what` it is for, for something else (a socket, nothing), HostError for a file that cannot be read.
    """
    if files.is_file(path):
        return (_file("", path),)
    if files.is_folder(path):
        found = [(str(p.relative_to(path)), p) for p in files.found(path, "**/*") if not files.is_folder(p)]
        odd = [name for name, p in found if not files.is_file(p)]
        if odd or not found:
            why = f"{odd[0]} in it is no file" if odd else "it is empty"
            raise UserError(f"{what}: {path} cannot become a ConfigMap: {why}", "mount files and folders of files only")
        return tuple(_file(name, p) for name, p in found)
    why = "is no file and no folder" if files.is_there(path) else "is not there"
    raise UserError(f"{what}: {path} {why}", "mount files and folders of the checkout only")


def _file(name: str, path: Path) -> File:
    return File(name, files.read_bytes(path), files.is_executable(path))
