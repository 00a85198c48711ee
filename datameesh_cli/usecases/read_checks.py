"""Every check of the repository: the services' own and the journeys across them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datameesh_cli.core.applicability import needed_services
from datameesh_cli.core.check import Check, checks_from
from datameesh_cli.core.model import Model
from datameesh_cli.errors import UserError

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters


def read_checks(adapters: Adapters, model: Model) -> tuple[Check, ...]:
    """Given the model, return all checks, those of services first. Raise UserError, naming file and check, for a wrong one."""
    root = adapters.repository.root
    found = [
        *adapters.repository.found(root / "services", "*/smoke.yaml"),
        *adapters.repository.found(root / "tests" / "journeys", "*.yaml"),
    ]
    if not found:
        raise UserError(
            "no services/*/smoke.yaml and no tests/journeys/*.yaml was found", "run dm from a complete checkout"
        )
    checks = []
    for path in found:
        for check in checks_from(adapters.repository.read_yaml(path), adapters.repository.relative(path)):
            needed_services(check, model.services)
            checks.append(_complete(adapters, check))
    return tuple(checks)


def _complete(adapters: Adapters, check: Check) -> Check:
    texts = {}
    for file in check.action.files:
        path = adapters.repository.root / file
        if not adapters.repository.has(path):
            raise UserError(f"{check.id}: there is no file '{file}'", "paths count from the repository's root")
        texts[file] = adapters.repository.read_text(path)
    return replace(check, action=check.action.with_files(texts))
