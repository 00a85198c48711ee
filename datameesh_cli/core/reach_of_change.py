"""Which tests a change of the checkout can reach, by the folders that were changed: the table behind `dm dev test --changed`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

QUICK = ("tests/unit", "tests/contract")
CHECKS = ("services", "tests/journeys")
"""Every service's checks and its folder's own tests, and the checks across services."""

_RULES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(docs|schemas)/|.*\.md$", ("tests/contract",)),
    (
        r"compose/(compose|services|files)\.yaml$",
        ("tests/contract",),
    ),  # they follow from the folders, which changed too
    (r"(compose|profiles|seed|dbt|identity)/", (*QUICK, *CHECKS)),
    (r"k8s-export/", (*QUICK, "tests/integration/test_k8s_*.py")),
    (r"datameesh_cli/core/k8s/", (*QUICK, "tests/integration/test_k8s_*.py")),
    (r"datameesh_cli/(core|render)/|datameesh_cli/errors\.py$", QUICK),
    (r"datameesh_cli/", (*QUICK, "tests/programs", "tests/integration", *CHECKS)),
    (r"tests/(?:.*/)?test_\w+\.py$", (r"\g<0>",)),
    (r"tests/journeys/\w+\.yaml$", (r"\g<0>", "tests/contract")),
    (r"tests/fakes/", ("tests/unit",)),
    (r"tests/(unit|contract|programs|machines)/", (r"tests/\1",)),
    (r"tests/(integration|checks\.py|stacks\.py)", ("tests/integration", *CHECKS)),
    (r"tests/third_domain/", ("tests/integration/test_third_domain.py",)),
    (r"tests/(bench|cluster|broken_exports|mutations)", QUICK),
)
"""A pattern of a changed path, and what pytest gets; the first that fits counts. A path that fits none can reach everything."""


def reached_by(changed: Iterable[str], users: Mapping[str, Sequence[str]]) -> tuple[str, ...] | None:
    """Given changed paths, and by folder of services/ the service folders that run what it makes, return what pytest gets.

    None: everything. Patterns stand for all files that fit, and what is not there any more is left to the caller.
    """
    wanted: set[str] = set()
    for path in changed:
        service = re.match(r"services/([^/]+)/", path)
        if service and not path.endswith(".md"):
            wanted |= {"tests/contract", *(f"services/{name}" for name in (service[1], *users.get(service[1], ())))}
            continue
        found = next(((rule, reached) for pattern, reached in _RULES if (rule := re.match(pattern, path))), None)
        if not found:
            return None
        wanted |= {found[0].expand(target) for target in found[1]}
    return tuple(sorted(w for w in wanted if not any(w.startswith(f"{other}/") for other in wanted)))


def users_of(parents: Mapping[str, Sequence[str]], images: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Given for each image folder those that it is built from, and for each service folder the image folders that its services run,
    return by folder the service folders that a change in it reaches, itself included.
    """
    made_of: dict[str, set[str]] = {}

    def whole(name: str) -> set[str]:
        if name not in made_of:
            made_of[name] = {name}.union(*(whole(parent) for parent in parents.get(name, ())))
        return made_of[name]

    reach = {service: {service}.union(*(whole(image) for image in run)) for service, run in images.items()}
    folders = {*parents, *images, *(f for found in reach.values() for f in found)}
    return {folder: tuple(sorted(s for s, found in reach.items() if folder in found)) for folder in folders}
