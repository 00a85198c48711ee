"""What our YAML files may say, published: schemas/ for editors, docs/reference for people, and a line in every file of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from datameesh_cli.adapters import files
from datameesh_cli.core.formats import FORMATS
from datameesh_cli.core.reference import contents, page


def publish_schemas(root: Path) -> tuple[str, ...]:
    """Given the checkout's folder, bring everything up to date and return the paths of the files that were not."""
    stale = [(path, text) for path, text in published(root) if files.read_if_there(path) != text]
    for path, text in stale:
        files.make_folder(path.parent)
        files.write(path, text)
    return tuple(str(path.relative_to(root)) for path, _ in stale)


def published(root: Path) -> Iterator[tuple[Path, str]]:
    """Given the checkout's folder, yield each file with the text that it must have."""
    yield root / "docs" / "reference" / "README.md", contents()
    for of in FORMATS:
        yield root / "schemas" / f"{of.name}.json", of.text
        yield root / "docs" / "reference" / f"{of.name}.md", page(of)
        for place in of.places:
            for path in files.found(root, place):
                yield path, of.with_header(files.read(path), len(path.relative_to(root).parts) - 1)
