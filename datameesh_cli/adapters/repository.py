"""The repository's own files: service fragments, profiles, checks, data sets."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from datameesh_cli.adapters import files, git, yaml_text
from datameesh_cli.core.composition import Mount, files_file, mounts_of, secrets_named, services_file
from datameesh_cli.core.fragment import services_from
from datameesh_cli.core.model import Model, Profile, Service, model_of
from datameesh_cli.core.schema import read
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
            return yaml_text.load(self._own_text(path))
        except yaml_text.BrokenYaml as broken:
            where = f"{name}, line {broken.line}" if broken.line else name
            raise UserError(f"{where}: {broken.problem}", "correct the file and run the command again") from broken

    def read_text(self, path: Path) -> str:
        """Given a text file that the user named, return its content.

        Raise UserError if there is none or it is no text, HostError if the machine does not let us read it.
        """
        name = self.relative(path)
        if files.is_folder(path):
            raise UserError(f"{name} cannot be read: it is a folder", "name a file")
        text = files.read_if_there(path)
        if text is None:
            raise UserError(f"{name} cannot be read: No such file", "check the path")
        return text

    def _own_text(self, path: Path) -> str:
        """A file that every checkout has."""
        text = files.read_if_there(path)
        if text is None:
            name = self.relative(path)
            raise UserError(f"{name} is missing", "restore it: git checkout -- " + name)
        return text

    def has(self, path: Path) -> bool:
        """Say whether there is a file of this path."""
        return files.is_file(path)

    def found(self, folder: Path, pattern: str) -> tuple[Path, ...]:
        """Given a folder and a pattern, return what fits, sorted."""
        return files.found(folder, pattern)

    def read_bytes(self, path: Path) -> bytes:
        """Given a file, return its content."""
        return files.read_bytes(path)

    def relative(self, path: Path) -> str:
        """Given a path, return it as text relative to the repository where it lies inside."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def digest(self, places: Iterable[str], *, checks: bool = True) -> str:
        """Given files and folders of the checkout, return a mark that changes with any byte in them but pages.

        Without `checks` neither a smoke.yaml counts, for each check has a mark of its own, nor a service's tests.
        """
        found = hashlib.sha256()
        for path in sorted(file for place in places for file in self._files(self.root / place)):
            name = self.relative(path)
            if path.suffix != ".md" and (checks or not re.search(r"/smoke\.yaml$|/tests/", name)):
                content = hashlib.sha256(files.read_bytes(path)).hexdigest()
                found.update(f"{name}\0{content}\0".encode())
        return found.hexdigest()[:16]

    def _files(self, place: Path) -> list[Path]:
        inside = [place] if files.is_file(place) else files.found(place, "**/*")
        names = ((path, f"/{self.relative(path)}/") for path in inside)
        own = [p for p, name in names if "/." not in name and not any(f"/{made}/" in name for made in _MADE)]
        return [path for path in own if files.is_file(path)]

    def changed(self, base: str) -> tuple[str, ...]:
        """Given a commit, return the paths that differ from it. Raise UserError if there is none of that name."""
        return git.changed(self.root, base)

    def test_files(self) -> tuple[Path, ...]:
        """Return the files of all tests: those of tests/, and those that a service's folder has of its own."""
        own = files.found(self.root / "services", "*/tests/**/test_*.py")
        return (*files.found(self.root / "tests", "**/test_*.py"), *own)

    def fragments(self) -> tuple[Path, ...]:
        """Return every service's Compose fragment, sorted. Raise UserError if there is none."""
        found = files.found(self.root / "services", "*/compose.yaml")
        if not found:
            raise UserError("no service folder was found under services/", "run dm from a complete checkout")
        return found

    def model(self) -> Model:
        """Return all services and profiles. Raise UserError, naming file and key, for a fragment or profile that is not valid."""
        services = []
        for path in self.fragments():
            services += services_from(self.read_yaml(path), path.parent.name, self.relative(path))
        secrets = {name for service in services for name in service.secrets}
        services = [
            replace(s, secrets=tuple(dict.fromkeys([*s.secrets, *self._brought(s, secrets)]))) for s in services
        ]
        profiles = [
            read(Profile, self.read_yaml(path), self.relative(path))
            for path in files.found(self.root / "profiles", "*.yaml")
        ]
        return model_of(services, profiles)

    def summary(self, folder: str) -> str:
        """Given a service folder's name, return the first paragraph of its README as one line ("" without a README)."""
        text = files.read_if_there(self.root / "services" / folder / "README.md") or ""
        paragraphs = [p for p in text.split("\n\n") if p.strip() and not p.lstrip().startswith("#")]
        return " ".join(paragraphs[0].split()) if paragraphs else ""

    def composed(self) -> dict[Path, str]:
        """Return the files of compose/ that follow from the service folders: the list of fragments that are included, and what
        these need not say themselves. Raise UserError for a fragment that is not valid."""
        services = self.model().services
        mounts = {s.name: self._mounts(s) for s in services}
        folder = self.compose_file.parent
        lines = [f"../services/{path.parent.name}/compose.yaml" for path in self.fragments()]
        include = "".join(f"  - {line}\n" for line in ("files.yaml", *lines))
        return {
            self.compose_file: _INCLUDE.sub(f"include:\n{include}\n", self._own_text(self.compose_file), count=1),
            folder / "services.yaml": self.made_text("services/*/", services_file(services, mounts)),
            folder / "files.yaml": self.made_text("services/*/", files_file(services, mounts)),
        }

    def made_text(self, source: str, content: Any) -> str:
        """Given what `dm` makes a file of and its content, return the file's text, which says so."""
        head = f"# Made by dm from {source}; a change here is lost. Every ./dm up makes it anew.\n"
        return head + yaml_text.dump_all([content])

    def refresh_compose(self) -> bool:
        """Make compose/ say what the service folders say; return True if it did not."""
        return bool(self.refresh(self.composed()))

    def refresh(self, made: Mapping[Path, str]) -> tuple[str, ...]:
        """Given files as they should be, make them so; return the names of those that were not."""
        stale = {path: text for path, text in made.items() if files.read_if_there(path) != text}
        for path, text in stale.items():
            files.make_folder(path.parent)
            files.write(path, text)
        return tuple(self.relative(path) for path in stale)

    def ends_with(self, path: Path, text: str) -> bool:
        """Given a file and a text, say whether the file is there and ends with it."""
        return (files.read_if_there(path) or "").endswith(text)

    def add_folder(self, folder: Path, content: Mapping[Path, str]) -> None:
        """Given a folder that is not there and its files, make it. Raise UserError if something of that name is there."""
        if files.is_there(folder):
            raise UserError(f"{self.relative(folder)} is there already", "choose another name, or remove it")
        files.make_folder(folder)
        for path, text in content.items():
            files.write(path, text)

    def _brought(self, service: Service, secrets: Iterable[str]) -> tuple[str, ...]:
        """The secrets that come with the files that a service collects from other folders."""
        places = [place for pattern in service.files if "*" in pattern for place in self._places(service, pattern)]
        collected = [path for place in places for path in self._files(place)]
        return secrets_named({self.relative(path): files.read(path) for path in collected}, secrets)

    def _places(self, service: Service, pattern: str) -> tuple[Path, ...]:
        return files.found(self.root / "services", posixpath.normpath(f"{service.folder}/{pattern}"))

    def _mounts(self, service: Service) -> list[Mount]:
        """The files of the checkout that a service is handed, by their path inside."""
        home = self.root / "services"
        mounts: list[Mount] = []
        for pattern, target in service.files.items():
            places = self._places(service, pattern)
            if not places and "*" not in pattern:
                raise UserError(
                    f"services/{service.folder}/compose.yaml, service '{service.name}': there is no {pattern}",
                    "`files:` names files and folders of the service's folder",
                )
            for place in places:
                inside = [path.relative_to(home).as_posix() for path in self._files(place) if path.suffix != ".md"]
                mounts += mounts_of(target, place.relative_to(home).as_posix(), inside)
        return sorted(mounts, key=lambda m: m.target)
