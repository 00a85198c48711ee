"""The dbt project itself: how much of it is documented, and where dbt's complaints about it point to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_FILE = re.compile(
    r"\b((?:models|tests|macros|seeds|snapshots)/[\w./-]+\.(?:sql|yml|yaml|md)|dbt_project\.yml|profiles\.yml)"
)
_READING = re.compile(r"Error reading \w+: (\S+\.ya?ml)")  # dbt leaves the folder models/ out here
_LINE = re.compile(r"\bline (\d+)|:(\d+)\b")
_QUOTED = re.compile(r"'([\w.]+)'")
_STAMP = re.compile(r"^\d\d:\d\d:\d\d\s+")
_COMPLAINT = re.compile(r"^(Compilation|Parsing|Runtime|Validation|Database|Internal) Error|\[WARNING\]|Deprecation")


@dataclass(frozen=True, slots=True)
class ModelCoverage:
    """How many models and columns have a description, and the names of those that have none."""

    models: int
    models_described: int
    columns: int
    columns_described: int
    missing: tuple[str, ...]

    @property
    def model_share(self) -> float:
        """The described share of the models, in percent."""
        return 100.0 * self.models_described / self.models if self.models else 100.0

    @property
    def column_share(self) -> float:
        """The described share of the columns, in percent."""
        return 100.0 * self.columns_described / self.columns if self.columns else 100.0


@dataclass(frozen=True, slots=True)
class Problem:
    """What dbt could not read: the file, the line if it is known, and what is wrong."""

    file: str
    line: int | None
    message: str


def coverage_from(manifest: Mapping[str, Any], catalog: Mapping[str, Any]) -> ModelCoverage:
    """Given manifest.json and catalog.json, return the documentation's coverage.

    A column that exists in the database counts even if no file names it. A model that is not built counts with the columns of
    its file.
    """
    models = {key: node for key, node in manifest.get("nodes", {}).items() if node.get("resource_type") == "model"}
    built = catalog.get("nodes", {})
    missing: list[str] = []
    columns = described = 0
    for key, model in sorted(models.items()):
        if not model.get("description"):
            missing.append(str(model["name"]))
        written = {name.lower(): column.get("description") for name, column in model.get("columns", {}).items()}
        names = {name.lower() for name in built.get(key, {}).get("columns", {})} | set(written)
        absent = sorted(name for name in names if not written.get(name))
        missing += [f"{model['name']}.{name}" for name in absent]
        columns += len(names)
        described += len(names) - len(absent)
    return ModelCoverage(
        len(models), sum(1 for m in models.values() if m.get("description")), columns, described, tuple(missing)
    )


def complaint_in(lines: Sequence[str]) -> str:
    """Given the output of `dbt parse`, return the part that complains, without time stamps ("" if there is none)."""
    plain = [_STAMP.sub("", line).rstrip() for line in lines]
    first = next((n for n, line in enumerate(plain) if _COMPLAINT.search(line)), None)
    return "\n".join(plain[first:]).strip() if first is not None else ""


def problem_from(complaint: str, texts: Mapping[str, str]) -> Problem:
    """Given dbt's complaint and the project's files (path: text), return where it points to.

    dbt names the file but often no line; then it is the first line that contains what dbt quotes.
    """
    message = " ".join(complaint.split())
    reading = _READING.search(complaint)
    named = reading or _FILE.search(complaint)
    if named is None:
        return Problem("", None, message)
    file = f"models/{named.group(1)}" if reading else named.group(1)
    after = _LINE.search(complaint, named.end()) or _LINE.search(complaint)
    if after:
        return Problem(f"dbt/{file}", int(after.group(1) or after.group(2)), message)
    return Problem(f"dbt/{file}", _line_of(texts.get(file, ""), _QUOTED.findall(complaint)), message)


def _line_of(text: str, quoted: Sequence[str]) -> int | None:
    words = {part for name in quoted for part in (name, name.rpartition(".")[2])}
    for word in sorted(words, key=len, reverse=True):
        for number, line in enumerate(text.splitlines(), start=1):
            if re.search(rf"\b{re.escape(word)}\b", line):
                return number
    return None
