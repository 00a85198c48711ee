"""Secrets sealed for a cluster's controller, by the program of our own image: the values reach it by standard input only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from datameesh_cli.adapters import answers, docker
from datameesh_cli.errors import HostError, UserError

FOLDER = "kubeseal"
"""The service folder that its image is built from."""

_ALONE = (
    *("run", "--rm", "--interactive", "--pull", "never", "--network", "none", "--read-only", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--memory", "128m", "--pids-limit", "64"),
)
_REFUSED = 2


class Sealing(Protocol):
    """What a use case may ask of this file."""

    FOLDER: str

    def seal(self, image: str, certificate: str, secrets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]: ...


def seal(image: str, certificate: str, secrets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Given the image, a controller's certificate in PEM and Secrets, return a SealedSecret for each, in their order.

    Raise UserError for a certificate that nothing can be sealed with, HostError without an engine or the image.
    """
    asked = json.dumps({"certificate": certificate, "secrets": list(secrets)})
    done = docker.run(*_ALONE, image, stdin=asked, timeout=120)
    if done.code == _REFUSED:
        said = done.err.strip().rpartition("kubeseal: ")[2]
        raise UserError(
            f"nothing is sealed: {answers.short(said)}", "the certificate is the controller's: --sealed-cert FILE"
        )
    if done.code:
        failed = docker.failure("seal the secrets", done.err)
        raise HostError(failed.message, failed.hint or "run: ./dm images build kubeseal")
    with answers.understood("kubeseal"):
        made = [dict(o) for o in answers.json_of("kubeseal", done.out)]
        for o in made:
            # What Go writes of a time that nobody set.
            o["metadata"].pop("creationTimestamp", None)
            o["spec"]["template"]["metadata"].pop("creationTimestamp", None)
            o.pop("status", None)
    return made
