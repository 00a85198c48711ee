"""The repository's own files: service fragments, profiles, checks, data sets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datameesh_cli.adapters import yaml_text
from datameesh_cli.core.fragment import profile_from, services_from
from datameesh_cli.core.model import Model, model_of
from datameesh_cli.errors import UserError

_MADE = ("__pycache__", "dbt/target", "dbt/logs", "k8s-export/out")
"""What commands leave in the folders of the checkout; it is no part of it."""

_INCLUDE = re.compile(r"(?ms)^include:.*?(?=^\S|\Z)")


@dataclass(frozen=True, slots=True)
class Repository:
    """A checkout of DataMeesh."""

    root: Path

    @property
    def compose_file(self) -> Path:
        """The one Compose file; it includes every service's fragment."""
        return self.root / "compose" / "compose.yaml"

    def read_yaml(self, path: Path) -> Any:
        """Given a YAML file, return its content. Raise UserError, with file and line, if it is missing or broken."""
        name = self.relative(path)
        try:
            return yaml_text.load(path.read_text(encoding="utf-8"))
        except FileNotFoundError as missing:
            raise UserError(f"{name} is missing", "restore it: git checkout -- " + name) from missing
        except yaml_text.BrokenYaml as broken:
            where = f"{name}, line {broken.line}" if broken.line else name
            raise UserError(f"{where}: {broken.problem}", "correct the file and run the command again") from broken
        except UnicodeDecodeError as broken:
            raise UserError(f"{name} is not UTF-8 text", "correct the file and run the command again") from broken

    def read_text(self, path: Path) -> str:
        """Given a text file, return its content. Raise UserError if it cannot be read."""
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as failed:
            why = getattr(failed, "strerror", None) or "not UTF-8 text"
            raise UserError(f"{self.relative(path)} cannot be read: {why}", "check the path") from failed

    def relative(self, path: Path) -> str:
        """Given a path, return it as text relative to the repository where it lies inside."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def digest(self, places: Iterable[str], *, checks: bool = True) -> str:
        """Given files and folders of the checkout, return a mark that changes with any byte in them but pages.

        Without `checks` a change of a smoke.yaml does not count: each check has a mark of its own.
        """
        found = hashlib.sha256()
        for path in sorted(file for place in places for file in self._files(self.root / place)):
            if path.suffix != ".md" and (checks or path.name != "smoke.yaml"):
                found.update(f"{self.relative(path)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
        return found.hexdigest()[:16]

    def _files(self, place: Path) -> list[Path]:
        inside = [place] if place.is_file() else place.rglob("*")
        names = ((path, f"/{self.relative(path)}/") for path in inside if path.is_file())
        return [path for path, name in names if "/." not in name and not any(f"/{made}/" in name for made in _MADE)]

    def fragments(self) -> tuple[Path, ...]:
        """Return every service's Compose fragment, sorted. Raise UserError if there is none."""
        found = tuple(sorted((self.root / "services").glob("*/compose.yaml")))
        if not found:
            raise UserError("no service folder was found under services/", "run dm from a complete checkout")
        return found

    def model(self) -> Model:
        """Return all services and profiles. Raise UserError, naming file and key, for a fragment or profile that is not valid."""
        services = []
        for path in self.fragments():
            services += services_from(self.read_yaml(path), path.parent.name, self.relative(path))
        profiles = [
            profile_from(self.read_yaml(path), self.relative(path))
            for path in sorted((self.root / "profiles").glob("*.yaml"))
        ]
        return model_of(services, profiles)

    def summary(self, folder: str) -> str:
        """Given a service folder's name, return the first paragraph of its README as one line ("" without a README)."""
        readme = self.root / "services" / folder / "README.md"
        text = readme.read_text(encoding="utf-8") if readme.exists() else ""
        paragraphs = [p for p in text.split("\n\n") if p.strip() and not p.lstrip().startswith("#")]
        return " ".join(paragraphs[0].split()) if paragraphs else ""

    def refresh_includes(self) -> bool:
        """Make the `include:` block of the Compose file name exactly the fragments that exist; return True if it changed."""
        text = self.compose_file.read_text(encoding="utf-8")
        lines = "".join(f"  - ../services/{path.parent.name}/compose.yaml\n" for path in self.fragments())
        fresh = _INCLUDE.sub(f"include:\n{lines}\n", text, count=1)
        if fresh == text:
            return False
        part = self.compose_file.with_suffix(".part")
        part.write_text(fresh, encoding="utf-8")
        part.replace(self.compose_file)
        return True
