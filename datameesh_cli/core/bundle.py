"""What a bundle says of its images, compared with what is in it."""

from __future__ import annotations

from collections.abc import Mapping

LIST = "datameesh.json"
"""The bundle's own list: the content id of each image by reference."""


def difference(listed: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Given the content ids that a bundle lists and those of what is in it, say what is wrong with it; "" if nothing is."""
    for word, names in (
        ("holds another content than it lists for", [n for n in listed if n in found and listed[n] != found[n]]),
        ("lists, but does not hold,", [n for n in listed if n not in found]),
        ("holds, but does not list,", [n for n in found if n not in listed]),
    ):
        if names:
            return f"{word} {', '.join(sorted(names))}"
    return ""
