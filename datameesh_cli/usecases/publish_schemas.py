"""What our YAML files may say, published: schemas/ for editors, docs/reference for people, and a line in every file of ours.

And docs/people.md, which says of each person what the file of people gives them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datameesh_cli.core.formats import FORMATS
from datameesh_cli.core.identity.page import people_page
from datameesh_cli.core.reference import contents, page
from datameesh_cli.usecases.derive_secrets import read_file

if TYPE_CHECKING:
    from pathlib import Path

    from datameesh_cli.adapters.adapters import Adapters


def publish_schemas(adapters: Adapters) -> tuple[str, ...]:
    """Bring everything that is published up to date and return the names of the files that were not."""
    return adapters.repository.refresh(published(adapters))


def published(adapters: Adapters) -> dict[Path, str]:
    """Return each published file with the text that it must have."""
    root, found = adapters.repository.root, {}
    found[root / "docs" / "reference" / "README.md"] = contents()
    for of in FORMATS:
        found[root / "schemas" / f"{of.name}.json"] = of.text
        found[root / "docs" / "reference" / f"{of.name}.md"] = page(of)
        for path in (path for place in of.places for path in adapters.repository.found(root, place)):
            folders = len(path.relative_to(root).parts) - 1
            found[path] = of.with_header(adapters.repository.read_text(path), folders)
    if said := read_file(adapters):
        found[root / "docs" / "people.md"] = people_page(said, "made by `dm dev schemas`")
    return found
