"""dbt's files on this machine: the project as a job may read it, and the artifacts that a run leaves in the state folder."""

from __future__ import annotations

import base64
import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datameesh_cli.errors import UserError


@dataclass(frozen=True, slots=True)
class DbtFiles:
    """The project folder of the repository and the state folder of one stack."""

    project: Path
    state: Path

    @property
    def target(self) -> Path:
        """Where a run leaves its artifacts."""
        return self.state / "target"

    def prepare(self) -> Path:
        """Make the state folder, writable for the job's own user, and return it.

        The folder above is 0700, so nobody else on this machine gets in.
        """
        for folder in (self.state, self.target, self.state / "logs"):
            folder.mkdir(parents=True, exist_ok=True)
            if folder.stat().st_mode & 0o777 != 0o777:
                folder.chmod(0o777)
        return self.state

    @contextmanager
    def staged(self) -> Iterator[Path]:
        """Yield a copy of the project that the job's own user can read and that no edit changes while it runs.

        A checkout made under umask 077 is unreadable for that user. Raise UserError if there is no project.
        """
        if not (self.project / "dbt_project.yml").is_file():
            raise UserError("dbt/dbt_project.yml is missing", "restore it: git checkout -- dbt")
        with tempfile.TemporaryDirectory(prefix="project-", dir=self.state, ignore_cleanup_errors=True) as name:
            copy = Path(name)
            # Times are kept: dbt compares them before it reads a file again.
            shutil.copytree(
                self.project, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("target", "logs", "dbt_packages")
            )
            for path in (copy, *copy.rglob("*")):
                path.chmod(0o755 if path.is_dir() else 0o644)
            yield copy

    def texts(self) -> dict[str, str]:
        """Return the project's text files by path, relative to the project."""
        return {
            str(path.relative_to(self.project)): path.read_text(encoding="utf-8", errors="replace")
            for pattern in ("*.sql", "*.yml")
            for path in sorted(self.project.rglob(pattern))
        }

    def artifact(self, name: str) -> dict[str, Any]:
        """Given an artifact's name (`run_results.json`), return its content, or {} if no run has left a readable one."""
        return _read(self.target / name)

    def remembered(self) -> dict[str, Any]:
        """Return the newest outcome of each model and test over all runs."""
        return _read(self.state / "results.json")

    def remember(self, outcomes: Mapping[str, Any]) -> None:
        """Given the newest outcomes, keep them; written whole or not at all."""
        part = self.state / "results.json.part"
        part.write_text(json.dumps(outcomes, indent=1), encoding="utf-8")
        part.replace(self.state / "results.json")


def unpacked(text: str) -> dict[str, dict[str, Any]]:
    """Given a tar.gz of JSON artifacts as base64 text, return the artifacts by file name; {} for what cannot be read."""
    try:
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(text, validate=True)), mode="r:gz") as archive:
            files = {m.name: archive.extractfile(m) for m in archive.getmembers()}
            return {name: json.loads(file.read()) for name, file in files.items() if file}
    except (ValueError, EOFError, OSError, tarfile.TarError):
        return {}


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
