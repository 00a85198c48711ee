"""Which checks of kube-score do not hold here, each by name and with its reason. Everything else that it calls critical rejects."""

from __future__ import annotations

from collections.abc import Iterable

WAIVED = {
    "container-image-pull-policy": "images are pinned by version, and a cluster without a registry has them loaded",
    "container-security-context-user-group-id": "the numbers are those of the images' own files; none is root",
    "container-ephemeral-storage-request-and-limit": "the root is read-only and /tmp lies in memory: only logs are written",
    "container-resources": "CPU is requested and not limited: a limit would slow a start for nothing",
}


def unwaived(found: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Given (check, what it says of which object), return what is not waived, and the names of the checks that were waived."""
    problems = [f"{check}: {says}" for check, says in found if check not in WAIVED]
    return problems, sorted({check for check, _ in found if check in WAIVED})
