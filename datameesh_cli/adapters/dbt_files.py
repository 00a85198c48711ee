"""dbt's files on this machine: the project as a job may read it, and the artifacts that a run leaves in the state folder."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datameesh_cli.adapters import files, shared_folder
from datameesh_cli.errors import UserError

_SHARED = "dbt"
_TARGET = "target"
_REMEMBERED = "dbt-results.json"


@dataclass(frozen=True, slots=True)
class DbtFiles:
    """The project folder of the repository and the folder of one stack, which only this user reaches.

    What `dm` writes lies there; the job has a folder of its own in it, and `dm` only reads that one.
    """

    project: Path
    home: Path

    def prepare(self) -> Path:
        """Make the folder of the job's artifacts and log, writable for the job's own user, and return it.

        The folder above is 0700, so nobody else on this machine gets in. Raise HostError if the job left a link in its place.
        """
        files.make_folder(self.home, mode=0o700)
        shared_folder.make(self.home, _SHARED, _TARGET)
        shared_folder.make(self.home, _SHARED, "logs")
        return self.home / _SHARED

    @contextmanager
    def staged(self) -> Iterator[Path]:
        """Yield a copy of the project that the job's own user can read and that no edit changes while it runs.

        A checkout made under umask 077 is unreadable for that user. Raise UserError if there is no project.
        """
        if not files.is_file(self.project / "dbt_project.yml"):
            raise UserError("dbt/dbt_project.yml is missing", "restore it: git checkout -- dbt")
        with files.temporary_folder(self.home, "dbt-project-") as copy:
            # Times are kept: dbt compares them before it reads a file again.
            files.copy_tree(self.project, copy, ("target", "logs", "dbt_packages"))
            yield copy

    def texts(self) -> dict[str, str]:
        """Return the project's text files by path, relative to the project."""
        return {
            str(path.relative_to(self.project)): files.read_bytes(path).decode(errors="replace")
            for pattern in ("**/*.sql", "**/*.yml")
            for path in files.found(self.project, pattern)
        }

    def artifact(self, name: str) -> dict[str, Any]:
        """Given an artifact's name (`run_results.json`), return its content, or {} if no run has left a readable one.

        Raise HostError if a link is in its place.
        """
        return _content(shared_folder.read(self.home, _SHARED, _TARGET, name))

    def remembered(self) -> dict[str, Any]:
        """Return the newest outcome of each model and test over all runs."""
        return _content(files.read_if_there(self.home / _REMEMBERED))

    def remember(self, outcomes: Mapping[str, Any]) -> None:
        """Given the newest outcomes, keep them; written whole or not at all."""
        files.write(self.home / _REMEMBERED, json.dumps(outcomes, indent=1))

    @staticmethod
    def unpacked(text: str) -> dict[str, dict[str, Any]]:
        """Given a tar.gz of JSON artifacts as base64 text, return the artifacts by file name; {} for what cannot be read."""
        try:
            with tarfile.open(fileobj=io.BytesIO(base64.b64decode(text, validate=True)), mode="r:gz") as archive:
                packed = {m.name: archive.extractfile(m) for m in archive.getmembers()}
                return {name: json.loads(file.read()) for name, file in packed.items() if file}
        except (ValueError, EOFError, OSError, tarfile.TarError):
            return {}


def _content(text: str | bytes | None) -> dict[str, Any]:
    try:
        content = json.loads(text or "{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
