"""kompose, from its image: a resolved Compose model in, its draft of Kubernetes objects out."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datameesh_cli.adapters import clock, process, whales, yaml_text
from datameesh_cli.errors import HostError, UserError

FOLDER = "kompose"
"""The service folder that its image is built from."""

_NO_VALUE = "/dev/null"
"""What kompose reads in place of each secret: it writes values into its output, so it never gets one."""


@dataclass(frozen=True, slots=True)
class Draft:
    """kompose's objects, and the seconds that the bare run took."""

    objects: tuple[dict[str, Any], ...]
    seconds: float


def convert(image: str, model: Mapping[str, Any], profiles: Sequence[str], root: Path) -> Draft:
    """Given kompose's image, a resolved model, the profiles in it and the checkout that its files lie in, return the draft.

    Raise HostError without an engine or the image, UserError if kompose refuses the model.
    """
    given = dict(model) | {"secrets": {n: dict(s) | {"file": _NO_VALUE} for n, s in model.get("secrets", {}).items()}}
    flags = [flag for profile in profiles for flag in ("--profile", profile)]
    command = [
        *("docker", "run", "--rm", "-i", "--network", "none", "--user", f"{os.getuid()}:{os.getgid()}"),
        *("--volume", f"{root}:{root}:ro", image, "convert", *flags),
        *("--secrets-as-files", "--with-kompose-annotation=false", "-f", "-", "--stdout"),
    ]
    began = clock.now()
    done = process.run(command, stdin=json.dumps(given), timeout=120)
    seconds = clock.now() - began
    if done.code:
        said = [line.partition("FATA")[2].partition(" ")[2] for line in done.err.splitlines() if "FATA" in line]
        if said:
            raise UserError(f"kompose refuses the model: {said[-1].strip()}", "correct the named fragment")
        failed = whales.failure("run kompose", done.err)
        raise HostError(failed.message, failed.hint or "run: ./dm images build kompose")
    try:
        objects = tuple(o for o in yaml_text.load_all(done.out) if o)
    except yaml_text.BrokenYaml as broken:
        raise HostError(
            f"kompose gave no YAML: {broken.problem}", "build it again: ./dm images build kompose"
        ) from broken
    if not objects or not all(isinstance(o, dict) and o.get("kind") for o in objects):
        raise HostError("kompose gave no Kubernetes objects", "build it again: ./dm images build kompose")
    return Draft(objects, seconds)
