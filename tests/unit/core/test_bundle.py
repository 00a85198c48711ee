"""core/bundle: what is wrong with a bundle."""

from __future__ import annotations

import pytest

from datameesh_cli.core.bundle import difference


@pytest.mark.parametrize(
    ("listed", "found", "says"),
    [
        ({"a:1": "sha256:1"}, {"a:1": "sha256:1"}, ""),
        (
            {"a:1": "sha256:1", "b:1": "2"},
            {"a:1": "sha256:9", "b:1": "2"},
            "holds another content than it lists for a:1",
        ),
        ({"a:1": "1", "b:1": "2"}, {"a:1": "1"}, "lists, but does not hold, b:1"),
        ({"a:1": "1"}, {"a:1": "1", "c:1": "3"}, "holds, but does not list, c:1"),
    ],
)
def test_a_difference_names_the_image(listed: dict[str, str], found: dict[str, str], says: str) -> None:
    assert difference(listed, found) == says
