"""YAML, read and written. The only module that imports the library."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any


class BrokenYaml(Exception):
    """Text that is not YAML: what is wrong, and in which line (None if unknown)."""

    def __init__(self, problem: str, line: int | None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line


def load(text: str) -> Any:
    """Given YAML text of one document, return its content. Raise BrokenYaml."""
    import yaml

    try:
        return yaml.load(text, Loader=_loader())
    except yaml.YAMLError as broken:
        raise _broken(broken) from broken


def load_all(text: str) -> list[Any]:
    """Given YAML text, return the content of each document. Raise BrokenYaml."""
    import yaml

    try:
        return list(yaml.load_all(text, Loader=_loader()))
    except yaml.YAMLError as broken:
        raise _broken(broken) from broken


def dump_all(documents: Iterable[Any]) -> str:
    """Given values, return them as YAML documents with sorted keys; text of several lines stays readable."""
    import yaml

    return str(
        yaml.dump_all(
            list(documents), Dumper=_dumper(), sort_keys=True, default_flow_style=False, width=120, allow_unicode=True
        )
    )


@cache
def _loader() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def _dumper() -> Any:
    import yaml

    class Readable(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        """Long text as a block, and no anchors: every object stands for itself."""

        def ignore_aliases(self, _data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Readable.add_representer(str, text)
    return Readable


def _broken(error: Any) -> BrokenYaml:
    mark = getattr(error, "problem_mark", None)
    return BrokenYaml(getattr(error, "problem", None) or "not valid YAML", mark.line + 1 if mark else None)
