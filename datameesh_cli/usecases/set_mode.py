"""`dm security mode`: whether roles decide (governed), or every person may do everything (academic)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast, get_args

from datameesh_cli.core.identity.people import Mode
from datameesh_cli.core.schema import nearest
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.derive_secrets import MODE, derive_again, mode_warning, read_mode

if TYPE_CHECKING:
    from datameesh_cli.adapters.adapters import Adapters


@dataclass(frozen=True, slots=True)
class ModeNow:
    """The stack's mode, the derived secrets that are new, and what must be known of it."""

    mode: Mode
    secrets: tuple[str, ...] = ()
    warning: str = ""


def show_mode(adapters: Adapters) -> ModeNow:
    """Return the stack's mode."""
    mode = read_mode(adapters)
    return ModeNow(mode, warning=mode_warning(mode))


def set_mode(adapters: Adapters, wanted: str) -> ModeNow:
    """Given a mode, make it the stack's. Raise UserError if there is none of that name."""
    modes = get_args(Mode)
    if wanted not in modes:
        raise UserError(f"there is no mode '{wanted}'", nearest(wanted, modes, "modes"))
    mode = cast("Mode", wanted)
    with adapters.state.locked("security mode"):
        adapters.state.write_private(MODE, json.dumps({"mode": mode}) + "\n")
        return ModeNow(mode, derive_again(adapters), mode_warning(mode))
