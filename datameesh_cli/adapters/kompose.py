"""kompose, from its image: a resolved Compose model in, its draft of Kubernetes objects out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from datameesh_cli.adapters import clock, docker, yaml_text
from datameesh_cli.errors import HostError, UserError

FOLDER = "kompose"
"""The service folder that its image is built from."""

_NO_FILE = "/dev/null"
"""What kompose reads in place of each secret and each config: it gets no value, and no file of the host."""
_ALONE = (
    *("run", "--rm", "--interactive", "--network", "none", "--read-only", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--memory", "256m", "--pids-limit", "64"),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """kompose's objects, and the seconds that the bare run took."""

    objects: tuple[dict[str, Any], ...]
    seconds: float


class Kompose(Protocol):
    """What a use case may ask of this file."""

    FOLDER: str

    def convert(self, image: str, model: Mapping[str, Any], profiles: Sequence[str]) -> Draft: ...


def convert(image: str, model: Mapping[str, Any], profiles: Sequence[str]) -> Draft:
    """Given kompose's image, a resolved model and the profiles in it, return the draft. kompose sees the model and nothing else.

    Raise HostError without an engine or the image, UserError if kompose refuses the model.
    """
    flags = [flag for profile in profiles for flag in ("--profile", profile)]
    command = [
        *(*_ALONE, image, "convert", *flags),
        *("--secrets-as-files", "--with-kompose-annotation=false", "-f", "-", "--stdout"),
    ]
    began = clock.now()
    done = docker.run(*command, stdin=json.dumps(given(model)), timeout=120)
    seconds = clock.now() - began
    if done.code:
        said = [line.partition("FATA")[2].partition(" ")[2] for line in done.err.splitlines() if "FATA" in line]
        if said:
            raise UserError(f"kompose refuses the model: {said[-1].strip()}", "correct the named fragment")
        failed = docker.failure("run kompose", done.err)
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


def given(model: Mapping[str, Any]) -> dict[str, Any]:
    """Given a resolved model, return what kompose gets of it: no path of a file, and no label, for some labels steer it."""
    files = {
        kind: {name: {**entry, "file": _NO_FILE} for name, entry in (model.get(kind) or {}).items()}
        for kind in ("configs", "secrets")
    }
    services = {
        name: {key: value for key, value in body.items() if key != "labels"} for name, body in model["services"].items()
    }
    return {**model, **files, "services": services}
