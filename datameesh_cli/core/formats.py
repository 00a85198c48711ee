"""The kinds of YAML file that are ours: where each stands, and its JSON Schema, which editors and the reference are made from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from datameesh_cli.core.check import checks_schema
from datameesh_cli.core.fragment import Fragment
from datameesh_cli.core.identity.people import IdentityFile
from datameesh_cli.core.identity.providers import ProviderFile
from datameesh_cli.core.k8s.target import TargetFile
from datameesh_cli.core.model import Profile
from datameesh_cli.core.parity import Differences
from datameesh_cli.core.schema import json_schema
from datameesh_cli.core.seed.dataset import DatasetFile
from datameesh_cli.core.seed.people_file import PeopleFile

MADE_BY = "made by `dm dev schemas` from the classes that read these files"
_HEADER = "# yaml-language-server: $schema="


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: its name, what it is, which files of the checkout are of it, and what makes its JSON Schema."""

    name: str
    title: str
    places: tuple[str, ...]
    made: Callable[[], Mapping[str, Any]]

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema."""
        draft = "https://json-schema.org/draft/2020-12/schema"
        return {"$schema": draft, "$comment": MADE_BY, **self.made(), "title": self.title}

    @property
    def text(self) -> str:
        """The JSON Schema as the file that editors read."""
        return json.dumps(self.schema, indent=1, ensure_ascii=False) + "\n"

    def with_header(self, text: str, folders: int) -> str:
        """Given a file's text and how many folders it is below the checkout's, return it with the line that editors look for."""
        lines = text.splitlines(keepends=True)
        rest = lines[1:] if lines and lines[0].startswith(_HEADER) else lines
        return f"{_HEADER}{'../' * folders}schemas/{self.name}.json\n" + "".join(rest)


FORMATS = (
    Format("service", "services/<name>/compose.yaml", ("services/*/compose.yaml",), lambda: json_schema(Fragment)),
    Format(
        "checks",
        "services/<name>/smoke.yaml and tests/journeys/<name>.yaml",
        ("services/*/smoke.yaml", "tests/journeys/*.yaml"),
        checks_schema,
    ),
    Format("profile", "profiles/<name>.yaml", ("profiles/*.yaml",), lambda: json_schema(Profile)),
    Format(
        "target",
        "k8s-export/targets/<name>.yaml",
        ("k8s-export/targets/*.yaml",),
        lambda: json_schema(TargetFile),
    ),
    Format("identity", "identity/people.yaml", ("identity/people.yaml",), lambda: json_schema(IdentityFile)),
    Format(
        "provider",
        "identity/providers/<name>.yaml",
        ("identity/providers/*.yaml",),
        lambda: json_schema(ProviderFile),
    ),
    Format("people", "seed/people.yaml", ("seed/people.yaml",), lambda: json_schema(PeopleFile)),
    Format("dataset", "seed/<domain>/dataset.yaml", ("seed/*/dataset.yaml",), lambda: json_schema(DatasetFile)),
    Format("parity", "k8s-export/parity.yaml", ("k8s-export/parity.yaml",), lambda: json_schema(Differences)),
)
