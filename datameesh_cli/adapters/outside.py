"""Everything outside the program that a use case may touch, in one frozen value built by `cli`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from datameesh_cli.adapters.compose import Compose
from datameesh_cli.adapters.engine import Engine
from datameesh_cli.adapters.repository import Repository
from datameesh_cli.adapters.state import State
from datameesh_cli.core.stack import DEFAULT_NAME, project_name


@dataclass(frozen=True)
class Outside:
    """The repository, the stack's state, the engine and Compose. Tests build one from fakes."""

    repository: Repository
    state: State
    engine: Engine
    compose: Compose
    project: str

    @cached_property
    def name(self) -> str:
        """The stack's name."""
        return self.state.name


def outside(name: str = DEFAULT_NAME, root: Path | None = None, state_root: Path | None = None) -> Outside:
    """Given a stack's name, return the outside world for it. Raise UserError for a name that can't be one."""
    project = project_name(name)
    repository = Repository(root or Path(__file__).resolve().parents[2])
    state = State(state_root or repository.root / ".dm", name)
    return Outside(repository, state, Engine(), Compose(repository.compose_file, project, state.env_file), project)
