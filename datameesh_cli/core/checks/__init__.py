"""The kinds of check, one file each. A file that is put here is a kind: nothing else names it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules

from datameesh_cli.core.kind import Kind


def kinds_in(package: str, folders: Sequence[str]) -> Mapping[str, type[Kind]]:
    """Given a package and its folders, return the kinds that its files define, by their keys in `smoke.yaml`."""
    modules = [import_module(f"{package}.{file.name}") for file in iter_modules(folders)]
    defined = [
        thing
        for module in modules
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Kind) and thing.__module__ == module.__name__
    ]
    return {kind.called: kind for kind in defined}


KINDS = kinds_in(__name__, __path__)
