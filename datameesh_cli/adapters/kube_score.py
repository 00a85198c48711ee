"""kube-score, where it is installed: what it calls critical."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from datameesh_cli.adapters import answers, process, yaml_text
from datameesh_cli.errors import HostError

_CRITICAL = 1
_UNREADABLE = ("quantities must match the regular expression",)
"""What it ends with, without an answer, where an object holds what the types of Kubernetes do not take: no fault of the host."""


def critical(objects: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]] | None:
    """Given objects, return (check, what it says of which object) for each critical finding; None without the program.

    An object that it cannot read is a finding, too.
    """
    if not process.find("kube-score"):
        return None
    done = process.run(
        ["kube-score", "score", "--output-format", "json", "-"], stdin=yaml_text.dump_all(objects), timeout=60
    )
    if done.code and any(sign in done.err for sign in _UNREADABLE):
        return [("readable", " ".join(done.err.split())[:200])]
    try:
        scored = json.loads(done.out)
    except ValueError as broken:
        raise HostError(
            f"kube-score gave no answer: {' '.join(done.err.split())[:200]}", "run it by hand, or remove it"
        ) from broken
    found = []
    with answers.understood("kube-score"):
        for entry in scored:
            for check in entry.get("checks") or ():
                if check.get("grade") == _CRITICAL and not check.get("skipped"):
                    says = "; ".join(c.get("summary", "") for c in check.get("comments") or ())
                    found.append((str(check["check"]["id"]), f"{entry['object_name']}: {says}"))
    return found
