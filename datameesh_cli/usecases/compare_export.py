"""`--check` and `--diff`: what a fresh export would change in the last one, and which Compose key each change comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from datameesh_cli.core.k8s.difference import Change, changes
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.export_kubernetes import ExportRequest, last_asked, make_export
from datameesh_cli.usecases.read_source import TargetRequest

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters


@dataclass(frozen=True, slots=True)
class ComparedExport:
    """The folder that was looked at, and every change that a fresh export would make in it."""

    out: Path
    changes: tuple[Change, ...]


def compare_export(adapters: Adapters, request: ExportRequest, report: Callable[[str], None]) -> ComparedExport:
    """Given a request, return what a fresh export would change in the last one. What is not asked is as it was asked then.

    Raise UserError if there is no export to compare with.
    """
    asked = last_asked(adapters, request.out)
    request = replace(
        request,
        profiles=request.profiles or tuple(asked["profiles"]),
        ram=request.ram or int(asked["budget"]),
        target=TargetRequest(**asked["target"]) if request.target == TargetRequest() else request.target,
    )
    before = adapters.export.read(request.out)
    if before is None:
        raise UserError(f"there is no export in {request.out}", "make one: dm k8s-export")
    fresh = make_export(adapters, request, report, adapters.clock.now())
    found = list(changes(adapters.export.objects(before), fresh.objects, fresh.source))
    if not found:
        # The same objects in other bytes: somebody edited a file by hand. The report also says which tools were there.
        names = sorted((set(before) | set(fresh.files)) - {adapters.export.REPORT})
        odd = [name for name in names if before.get(name) != fresh.files.get(name)]
        found = [Change("file", name, "", "other text, or a file too many or too few", "", "") for name in odd]
    return ComparedExport(request.out, tuple(found))
